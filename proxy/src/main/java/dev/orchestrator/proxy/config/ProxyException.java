package dev.orchestrator.proxy.config;

import org.jspecify.annotations.Nullable;

/** The proxy could not do what it was asked to; the message is one line for a person. */
public class ProxyException extends RuntimeException {
  public ProxyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
