package dev.orchestrator.proxy.config;

import org.jspecify.annotations.Nullable;

/** A method of the proxy has failed. The message is one line for a person. */
public class ProxyException extends RuntimeException {
  public ProxyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
