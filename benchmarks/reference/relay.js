// The plainest relay one would write with Node's `ws`: whoever connects to /topic/<name> hears what the socket at
// /publish sends for that name. Each relayed frame carries the instant at which the fan-out began (monotonic, ns).
const { WebSocketServer } = require("ws");

const topics = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false }, () => {
  console.log(JSON.stringify({ port: server.address().port }));
});

server.on("connection", (socket, request) => {
  if (request.url === "/publish") {
    socket.on("message", (data) => relay(JSON.parse(data)));
    return;
  }
  const topic = request.url.slice("/topic/".length);
  if (!topics.has(topic)) topics.set(topic, new Set());
  topics.get(topic).add(socket);
  socket.on("close", () => topics.get(topic).delete(socket));
});

function relay({ topic, message }) {
  const begun_ns = process.hrtime.bigint().toString();
  for (const socket of topics.get(topic) ?? []) {
    socket.send(JSON.stringify({ begun_ns, message }));
  }
}

process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
