package dev.orchestrator.stack;

import dev.orchestrator.adopt.AdoptPlan;
import dev.orchestrator.adopt.ProjectSummary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The stacks of the service, as the API offers them. Thread-safe. Calls block; call them from a
 * virtual thread. What is not possible throws a {@link dev.orchestrator.common.RefusedException}.
 */
public interface Stacks {

  /** Every stack in short, in the order of their names. */
  List<StackSummary> list();

  /** The operations of a stack, by its name or by the name of its folder. */
  Control control(String name);

  /** The operations of the only stack; refused when there are several, or none. */
  Control only();

  /** The compose projects of the engine, in the order of their names. */
  List<ProjectSummary> projects();

  /** What a project would become. Changes nothing. */
  AdoptPlan adoptPlan(AdoptRequest request);

  /**
   * Makes a stack of a project: writes its folder, opens the stack and, unless only the files were
   * asked for, begins the run that moves the project's data and ports.
   */
  Adopted adopt(AdoptRequest request);

  /**
   * Makes a stack of the file of an export: checks all of the file, writes the stack's folder,
   * opens the stack and begins the run that brings it up with the file's image and data.
   */
  Imported importArchive(ImportRequest request);

  /**
   * Takes over a capsule that the orchestrator of another host has moved to this one, and that
   * serves: it becomes a stack of this service as it runs.
   *
   * @param name of its container, or of the stack
   * @param stack another name for the stack; null for its own
   */
  Adopted attach(String name, @Nullable String stack);

  /**
   * Reads the settings anew: opens the stacks that are new, closes those that are gone, and gives
   * the others their changed settings. What is wrong leaves its stack as it was.
   */
  ReloadReport reload();

  /**
   * Offers the listening sockets of all stacks, and the home folder, to another process of the
   * orchestrator. This process begins no run until the hand-over has failed or nobody has come for
   * a minute.
   *
   * @return path of the Unix socket that passes the listening sockets
   */
  String handOver();
}
