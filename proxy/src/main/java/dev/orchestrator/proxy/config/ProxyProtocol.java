package dev.orchestrator.proxy.config;

/** Whether, and how, a target is told its client's address in front of the connection. */
public enum ProxyProtocol {
  OFF,
  /** One line of text. */
  V1,
  /** Binary. */
  V2
}
