package dev.orchestrator.proxy.stats;

import java.time.Duration;

/**
 * Responses of an http route, by the class of their status, and the time that they took: from the
 * head of the request to the last byte of the response, the wait at the gate included. All zero for
 * a tcp route.
 *
 * @param switched responses 101, which change the protocol, such as to a websocket
 * @param longest exact
 * @param p50 within 7 %
 * @param p99 within 7 %
 */
public record HttpStats(
    long switched,
    long success,
    long redirect,
    long clientError,
    long serverError,
    Duration longest,
    Duration p50,
    Duration p99) {}
