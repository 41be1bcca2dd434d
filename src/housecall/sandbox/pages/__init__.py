"""The pages of the make-believe hospital: schedule, chart, phone, mailbox, patient portal, sign-in."""
