"""The one-machine launcher: private PostgreSQL, RabbitMQ and nginx on loopback, and every service process."""
