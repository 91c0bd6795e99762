//! A private RabbitMQ.
