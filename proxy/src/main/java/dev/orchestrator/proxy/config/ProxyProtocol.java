package dev.orchestrator.proxy.config;

/**
 * The version of HAProxy's PROXY protocol in which a target is sent its client's address, before
 * everything else on the connection.
 */
public enum ProxyProtocol {
  /** No header is sent. */
  OFF,
  /** One line of text. */
  V1,
  /** A binary header. */
  V2
}
