package dev.orchestrator.api;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.stack.AdoptRequest;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.ImportRequest;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.stack.Stacks;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.RehearsalOptions;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.HttpException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of the HTTP API: which request calls which method of {@link Control}. These calls
 * block, so each has a virtual thread of its own; requests are read and answered on the event loop.
 */
final class ApiRoutes {
  private static final Logger log = LoggerFactory.getLogger(ApiRoutes.class);
  private static final String MALFORMED = "the request is malformed";
  private static final long MOST_BODY_BYTES = 64 * 1024;

  private final Vertx vertx;
  private final Stacks stacks;
  private final AccessGuard guard;

  ApiRoutes(Vertx vertx, Stacks stacks, AccessGuard guard) {
    this.vertx = vertx;
    this.stacks = stacks;
    this.guard = guard;
  }

  Router router() {
    Router router = Router.router(vertx);
    router.route().handler(guard::checkHost);
    router.get("/v1/health").handler(context -> context.response().end("ok\n"));
    router.route().handler(guard::checkToken);
    router.route().handler(BodyHandler.create(false).setBodyLimit(MOST_BODY_BYTES));

    get(router, "/v1/stacks", context -> stacks::list);
    get(router, "/v1/projects", context -> stacks::projects);
    get(router, "/v1/adopt", Set.of("project", "stack", "init"), this::adoptPlan);
    post(router, "/v1/adopt", this::adopt);
    post(router, "/v1/import", this::importArchive);
    post(router, "/v1/attach", this::attach);
    post(router, "/v1/reload", this::reload);
    post(router, "/v1/takeover", this::takeover);
    // Without a name, for a service with one stack alone.
    for (String prefix : List.of("/v1", "/v1/stacks/:stack")) {
      stackRoutes(router, prefix);
    }

    router.route().failureHandler(this::answerRouterFailure);
    router.errorHandler(400, context -> JsonResponses.error(context, 400, MALFORMED));
    router.errorHandler(404, context -> JsonResponses.error(context, 404, "no such path"));
    router.errorHandler(
        405, context -> JsonResponses.error(context, 405, "wrong method for this path"));
    return router;
  }

  private void stackRoutes(Router router, String prefix) {
    get(router, prefix + "/status", ofStack(control -> control::status));
    get(router, prefix + "/serving", ofStack(control -> control::serving));
    get(router, prefix + "/current", ofStack(control -> control::current));
    get(router, prefix + "/versions", ofStack(control -> control::versions));
    get(router, prefix + "/upgrades", ofStack(control -> control::history));
    get(router, prefix + "/upgrades/:id", this::receipt);
    get(
        router,
        prefix + "/plan",
        Set.of("version", "full", "attach", "acceptUnused", "files", "rehearse", "acceptOneWay"),
        this::plan);
    get(router, prefix + "/move-plan", Set.of("to"), this::movePlan);
    get(router, prefix + "/rollback", ofStack(control -> control::rollbackCost));
    get(router, prefix + "/undo-adopt", ofStack(control -> control::undoCost));
    get(router, prefix + "/doctor", ofStack(control -> control::doctor));
    get(router, prefix + "/logs", Set.of("service", "tail"), this::logs);
    get(router, prefix + "/snapshots", ofStack(control -> control::measuredSnapshots));
    get(router, prefix + "/snapshots/:snapshot", this::snapshot);
    get(router, prefix + "/snapshots/:snapshot/diff", Set.of("with"), this::diffSnapshot);
    get(router, prefix + "/backups", ofStack(control -> control::backups));
    get(router, prefix + "/backups/operations/:operation", this::backupOperation);
    router.get(prefix + "/upgrades/:id/events").handler(this::events);

    post(router, prefix + "/up", this::up);
    post(router, prefix + "/upgrades", this::upgrade);
    post(router, prefix + "/rehearsals", this::rehearse);
    post(router, prefix + "/move", this::move);
    post(router, prefix + "/move-done", this::endMove);
    post(router, prefix + "/rollback", this::rollback);
    post(router, prefix + "/snapshots", this::createSnapshot);
    post(router, prefix + "/snapshots/:snapshot/restore", this::restoreSnapshot);
    post(router, prefix + "/snapshots/:snapshot/prove", this::proveSnapshot);
    post(router, prefix + "/snapshots/:snapshot/files", this::restoreFiles);
    delete(router, prefix + "/snapshots/:snapshot", this::deleteSnapshot);
    post(router, prefix + "/snapshots/prune", this::pruneSnapshots);
    post(router, prefix + "/backups", backup(RequestReader::backupRun));
    post(router, prefix + "/backups/restore", backup(RequestReader::backupRestore));
    post(router, prefix + "/backups/check", backup(RequestReader::backupCheck));
    post(router, prefix + "/backups/forget", backup(RequestReader::backupForget));
    post(router, prefix + "/backups/prove", backup(RequestReader::backupProve));
    post(router, prefix + "/undo-adopt", context -> runId(context, Control::undoAdopt));
    post(router, prefix + "/abort", context -> runId(context, Control::abort));
    post(router, prefix + "/resume", context -> runId(context, Control::resume));
    post(router, prefix + "/down", this::down);
  }

  /** The stack that a request names, or the only one; to be called where one may wait. */
  private Supplier<Control> control(RoutingContext context) {
    String name = RequestReader.stack(context);
    return () -> name == null ? stacks.only() : stacks.control(name);
  }

  /** A request without parameters for a stack. */
  private Function<RoutingContext, Callable<Object>> ofStack(
      Function<Control, Callable<Object>> query) {
    return context -> {
      Supplier<Control> control = control(context);
      return () -> query.apply(control.get()).call();
    };
  }

  private Callable<Object> receipt(RoutingContext context) {
    String id = RequestReader.runId(context);
    Supplier<Control> control = control(context);
    return () -> control.get().receipt(id);
  }

  private Callable<Object> plan(RoutingContext context) {
    String version = RequestReader.version(context);
    DataOptions options = RequestReader.planOptions(context);
    Supplier<Control> control = control(context);
    RehearsalOptions rehearsal = RequestReader.planRehearsal(context);
    return () -> control.get().plan(version, options, rehearsal);
  }

  private Callable<Object> logs(RoutingContext context) {
    String service = RequestReader.service(context);
    int tail = RequestReader.tailLines(context);
    Supplier<Control> control = control(context);
    return () -> control.get().logs(service, tail);
  }

  private Callable<Object> up(RoutingContext context) {
    String version = RequestReader.versionInBody(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("id", control.get().up(version));
  }

  private Callable<Object> upgrade(RoutingContext context) {
    String version = RequestReader.requiredVersionInBody(context);
    DataOptions options = RequestReader.upgradeOptions(context);
    RehearsalOptions rehearsal = RequestReader.upgradeRehearsal(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("id", control.get().upgrade(version, options, rehearsal));
  }

  private Callable<Object> rehearse(RoutingContext context) {
    String version = RequestReader.rehearsedVersion(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("id", control.get().rehearse(version));
  }

  private Callable<Object> movePlan(RoutingContext context) {
    String to = RequestReader.engineAddress(context);
    Supplier<Control> control = control(context);
    return () -> control.get().movePlan(to);
  }

  private Callable<Object> move(RoutingContext context) {
    RequestReader.MoveRequest request = RequestReader.moveRequest(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("id", control.get().move(request.to(), request.full()));
  }

  private Callable<Object> endMove(RoutingContext context) {
    boolean now = RequestReader.nowInBody(context);
    Supplier<Control> control = control(context);
    return () -> {
      control.get().endMove(now);
      return Map.of("id", "");
    };
  }

  private Callable<Object> attach(RoutingContext context) {
    RequestReader.AttachRequest request = RequestReader.attachRequest(context);
    return () -> stacks.attach(request.container(), request.stack());
  }

  private Callable<Object> rollback(RoutingContext context) {
    DataOptions options = RequestReader.rollbackOptions(context);
    boolean lost = RequestReader.lostInBody(context);
    Supplier<Control> control = control(context);
    return () ->
        Map.of("id", lost ? control.get().rollbackFromLostHost() : control.get().rollback(options));
  }

  private Callable<Object> snapshot(RoutingContext context) {
    String name = RequestReader.snapshot(context);
    Supplier<Control> control = control(context);
    return () -> {
      SnapshotStatus known = control.get().snapshot(name);
      return control.get().measuredSnapshots().stream()
          .filter(each -> each.name().equals(name))
          .findFirst()
          .orElse(known);
    };
  }

  private Callable<Object> createSnapshot(RoutingContext context) {
    SnapshotRequest request = RequestReader.snapshotRequest(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("id", control.get().createSnapshot(request));
  }

  private Callable<Object> restoreSnapshot(RoutingContext context) {
    String name = RequestReader.snapshot(context);
    return runId(context, control -> control.restoreSnapshot(name));
  }

  private Callable<Object> proveSnapshot(RoutingContext context) {
    String name = RequestReader.snapshot(context);
    return runId(context, control -> control.proveSnapshot(name));
  }

  private Callable<Object> restoreFiles(RoutingContext context) {
    String name = RequestReader.snapshot(context);
    RequestReader.FilesRequest request = RequestReader.filesRequest(context);
    Supplier<Control> control = control(context);
    return () -> control.get().restoreFiles(name, request.path(), request.to());
  }

  private Callable<Object> diffSnapshot(RoutingContext context) {
    String name = RequestReader.snapshot(context);
    String other = RequestReader.otherSnapshot(context);
    Supplier<Control> control = control(context);
    return () -> control.get().diffSnapshot(name, other);
  }

  private Callable<Object> deleteSnapshot(RoutingContext context) {
    String name = RequestReader.snapshot(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("result", control.get().deleteSnapshot(name));
  }

  private Callable<Object> pruneSnapshots(RoutingContext context) {
    boolean plan = RequestReader.planInBody(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("deleted", control.get().pruneSnapshots(plan));
  }

  /** A request that is answered with the id of an operation on the backups. */
  private Function<RoutingContext, Callable<Object>> backup(
      Function<RoutingContext, BackupRequest> reader) {
    return context -> {
      BackupRequest request = reader.apply(context);
      Supplier<Control> control = control(context);
      return () -> Map.of("id", control.get().beginBackup(request));
    };
  }

  private Callable<Object> backupOperation(RoutingContext context) {
    String id = RequestReader.backupOperation(context);
    Supplier<Control> control = control(context);
    return () -> control.get().backupOperation(id);
  }

  /** A request without parameters that is answered with the id of a run. */
  private Callable<Object> runId(RoutingContext context, Function<Control, String> request) {
    RequestReader.requireEmptyBody(context);
    Supplier<Control> control = control(context);
    return () -> Map.of("id", request.apply(control.get()));
  }

  private Callable<Object> adoptPlan(RoutingContext context) {
    AdoptRequest request = RequestReader.adoptRequest(context);
    return () -> stacks.adoptPlan(request);
  }

  private Callable<Object> adopt(RoutingContext context) {
    AdoptRequest request = RequestReader.adoptRequestInBody(context);
    return () -> stacks.adopt(request);
  }

  private Callable<Object> importArchive(RoutingContext context) {
    ImportRequest request = RequestReader.importRequest(context);
    return () -> stacks.importArchive(request);
  }

  private Callable<Object> reload(RoutingContext context) {
    RequestReader.requireEmptyBody(context);
    return stacks::reload;
  }

  private Callable<Object> takeover(RoutingContext context) {
    RequestReader.requireEmptyBody(context);
    return () -> Map.of("socket", stacks.handOver());
  }

  private Callable<Object> down(RoutingContext context) {
    Control.Removal removal = RequestReader.removalInBody(context);
    Supplier<Control> control = control(context);
    return () -> {
      int images = control.get().down(removal);
      return Map.of("id", "", "images", images);
    };
  }

  private void get(Router router, String path, Function<RoutingContext, Callable<Object>> handler) {
    get(router, path, Set.of(), handler);
  }

  /**
   * Routes a GET.
   *
   * @param parameters names of the query parameters that it has
   */
  private void get(
      Router router,
      String path,
      Set<String> parameters,
      Function<RoutingContext, Callable<Object>> handler) {
    router
        .get(path)
        .handler(context -> {
          RequestReader.requireKnownParameters(context, parameters);
          answer(context, 200, handler.apply(context));
        });
  }

  private void post(
      Router router, String path, Function<RoutingContext, Callable<Object>> handler) {
    router.post(path).handler(context -> answer(context, 202, handler.apply(context)));
  }

  private void delete(
      Router router, String path, Function<RoutingContext, Callable<Object>> handler) {
    router
        .delete(path)
        .handler(context -> {
          RequestReader.requireKnownParameters(context, Set.of());
          answer(context, 200, handler.apply(context));
        });
  }

  private void answer(RoutingContext context, int status, Callable<Object> work) {
    onVirtualThread(
        context,
        loop -> {
          String answer = Json.write(work.call());
          loop.runOnContext(now -> JsonResponses.text(context, status, answer));
        });
  }

  private void events(RoutingContext context) {
    RequestReader.requireKnownParameters(context, Set.of());
    String id = RequestReader.runId(context);
    long lastSeen = RequestReader.lastEventId(context);
    Supplier<Control> named = control(context);
    onVirtualThread(
        context,
        loop -> {
          Control control = named.get();
          control.receipt(id); // An unknown id is refused before the stream begins.
          loop.runOnContext(now -> startStream(context, loop, control, id, lastSeen));
        });
  }

  private void startStream(
      RoutingContext context, Context loop, Control control, String id, long lastSeen) {
    EventStream stream = new EventStream(vertx, loop, context.response(), lastSeen);
    onVirtualThread(context, sameLoop -> stream.attach(control.watch(id, stream::accept)));
  }

  /** Work that may block; an exception of it becomes the answer. */
  private interface Work {
    void run(Context loop) throws Exception;
  }

  private void onVirtualThread(RoutingContext context, Work work) {
    Context loop = vertx.getOrCreateContext();
    Thread.ofVirtual()
        .name("api-" + context.request().path())
        .start(() -> {
          try {
            work.run(loop);
          } catch (Throwable e) {
            loop.runOnContext(now -> answerFailure(context, e));
          }
        });
  }

  private void answerRouterFailure(RoutingContext context) {
    Throwable failure = context.failure();
    if (failure == null && context.statusCode() == 413) {
      JsonResponses.error(context, 413, "the body is larger than " + MOST_BODY_BYTES + " bytes");
    } else if (failure == null) {
      JsonResponses.error(context, context.statusCode(), MALFORMED);
    } else {
      answerFailure(context, failure);
    }
  }

  private static void answerFailure(RoutingContext context, Throwable failure) {
    switch (failure) {
      case NotYetException refusal -> JsonResponses.notYet(context, message(refusal));
      case RefusedException refusal -> JsonResponses.refused(context, message(refusal));
      case BadRequestException bad -> JsonResponses.error(context, 400, message(bad));
      case HttpException http when http.getStatusCode() < 500 ->
          JsonResponses.error(context, http.getStatusCode(), MALFORMED);
      default -> {
        String reference = Long.toHexString(System.nanoTime() & 0xffff_ffffL);
        log.error(
            "{} {} failed, reference {}",
            context.request().method(),
            context.request().path(),
            reference,
            failure);
        if (context.response().headWritten()) {
          context
              .response()
              .reset(); // An event stream: the client connects again, and gets the error then.
          return;
        }
        JsonResponses.error(
            context,
            500,
            "unexpected error in the service (reference %s): its log says more"
                .formatted(reference));
      }
    }
  }

  private static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
