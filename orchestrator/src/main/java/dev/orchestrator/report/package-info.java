/** The reports for people: status, plan, doctor, the cost of a rollback. */
@NullMarked
package dev.orchestrator.report;

import org.jspecify.annotations.NullMarked;
