// Parts of a page that renew themselves, forms that send themselves, dialogs that open and close.
"use strict";

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? (node.dataset.key ?? "") : "");

// What is the same stays the very same element: focus, an open menu and a half-written answer survive.
function renewElement(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.matches("details[open]")) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  renewChildren(old, fresh);
}

function renewChildren(old, fresh) {
  const kept = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const isAlike = place && !keyOf(place) && place.nodeName === wanted.nodeName;
    const match = key ? kept.get(key) : isAlike ? place : null;
    if (!match) {
      if (key) wanted.classList.add("fresh");
      old.insertBefore(wanted, place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else old.insertBefore(match, place);
    renewElement(match, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

async function renew(part) {
  const address = new URL(part.dataset.live, location.href);
  address.searchParams.set("part", "1");
  try {
    const answer = await fetch(address, { headers: { "If-None-Match": part.dataset.mark }, cache: "no-store" });
    if (answer.status === 200) {
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      renewChildren(part, fresh.content);
      part.dataset.mark = answer.headers.get("ETag") ?? "";
    }
  } catch {
    // The sandbox is away for a moment; the next round asks again.
  }
  setTimeout(renew, Number(part.dataset.everyMs), part);
}

function closeMenus(but) {
  for (const menu of document.querySelectorAll("details.more[open]")) {
    if (menu.contains(but)) continue;
    menu.open = false;
  }
}

for (const part of document.querySelectorAll("[data-live]")) {
  setTimeout(renew, Number(part.dataset.everyMs), part);
}
for (const field of document.querySelectorAll("[data-submits]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}
for (const button of document.querySelectorAll("[data-closes]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.closes).close());
}
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.more[open]");
  closeMenus(null);
  menu?.querySelector("summary").focus();
});
