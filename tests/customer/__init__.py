"""What customers read: schedule, invoices, e-mails."""
