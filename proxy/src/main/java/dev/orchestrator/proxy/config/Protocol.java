package dev.orchestrator.proxy.config;

/** What a route understands of its traffic. */
public enum Protocol {
  /** Nothing: bytes both ways. Connections are held, released and drained. */
  TCP,
  /** HTTP/1.0 and 1.1: requests are held, and a client's connection survives the switch. */
  HTTP
}
