package dev.orchestrator.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.stack.AdoptRequest;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.stack.Control.Removal;
import dev.orchestrator.stack.ImportRequest;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.RehearsalOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the parameters and the body of a request, and checks their form. Event-loop code. */
final class RequestReader {
  private static final int MOST_LINES = 10_000;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}");
  private static final Set<String> UPGRADE_FIELDS =
      Set.of("version", "full", "attach", "acceptUnused", "files", "rehearse", "acceptOneWay");

  private static final Set<String> ROLLBACK_FIELDS = Set.of("data", "lost");
  private static final Pattern BACKUP = Pattern.compile("[0-9A-Fa-f]{4,64}");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

  private static final int LONGEST_PATH = 4096;

  private RequestReader() {}

  /** The id of a run in the path. */
  static String runId(RoutingContext context) {
    String id = String.valueOf(context.pathParam("id"));
    if (!NAME.matcher(id).matches()) {
      throw new RefusedException("there is no run " + printable(id));
    }
    return id;
  }

  /** The name of a stack in the path; null when the path has none. */
  static @Nullable String stack(RoutingContext context) {
    String name = context.pathParam("stack");
    if (name != null && !NAME.matcher(name).matches()) {
      throw new RefusedException("there is no stack " + printable(name));
    }
    return name;
  }

  /** The name of a snapshot in the path. */
  static String snapshot(RoutingContext context) {
    String name = String.valueOf(context.pathParam("snapshot"));
    if (!NAME.matcher(name).matches()) {
      throw new RefusedException("there is no snapshot " + printable(name));
    }
    return name;
  }

  static SnapshotRequest snapshotRequest(RoutingContext context) {
    JsonNode fields = body(context, Set.of("name", "quiesce", "export"));
    JsonNode name = fields.get("name");
    JsonNode quiesce = fields.get("quiesce");
    boolean export = flag(fields, "export");
    return new SnapshotRequest(
        name == null || name.isNull() ? null : checkedName("name", text("name", name)),
        quiesce(quiesce == null || quiesce.isNull() ? null : text("quiesce", quiesce)),
        export ? Reason.FOR_EXPORT : Reason.MANUAL);
  }

  /**
   * A request for files of a snapshot.
   *
   * @param to null for the file's place in what serves
   */
  record FilesRequest(String path, @Nullable String to) {}

  static FilesRequest filesRequest(RoutingContext context) {
    JsonNode fields = body(context, Set.of("path", "to"));
    JsonNode path = fields.get("path");
    JsonNode to = fields.get("to");
    if (path == null || path.isNull()) {
      throw new BadRequestException("path is missing");
    }
    return new FilesRequest(
        limited("path", text("path", path)),
        to == null || to.isNull() ? null : limited("to", text("to", to)));
  }

  private static String limited(String field, String path) {
    if (path.isEmpty() || path.length() > LONGEST_PATH) {
      throw new BadRequestException(field + " is empty or too long");
    }
    return path;
  }

  /** The name of another snapshot to compare with; null for what serves. */
  static @Nullable String otherSnapshot(RoutingContext context) {
    String name = parameter(context, "with");
    if (name != null && !NAME.matcher(name).matches()) {
      throw new RefusedException("there is no snapshot " + printable(name));
    }
    return name;
  }

  /** The id of an operation on the backups in the path. */
  static String backupOperation(RoutingContext context) {
    String id = String.valueOf(context.pathParam("operation"));
    if (!NAME.matcher(id).matches()) {
      throw new RefusedException("there is no operation " + printable(id));
    }
    return id;
  }

  static BackupRequest backupRun(RoutingContext context) {
    JsonNode fields = body(context, Set.of("snapshot", "ifRequired"));
    JsonNode snapshot = fields.get("snapshot");
    return new BackupRequest.Run(
        snapshot == null || snapshot.isNull()
            ? null
            : checkedName("snapshot", text("snapshot", snapshot)),
        flag(fields, "ifRequired"));
  }

  static BackupRequest backupRestore(RoutingContext context) {
    JsonNode fields = body(context, Set.of("backup", "folder", "only"));
    JsonNode folder = fields.get("folder");
    String path = folder == null || folder.isNull() ? null : text("folder", folder);
    if (path != null && (!path.startsWith("/") || path.length() > LONGEST_PATH)) {
      throw new BadRequestException("folder must be an absolute path: " + printable(path));
    }
    return new BackupRequest.Restore(backup(fields), path, flag(fields, "only"));
  }

  static BackupRequest backupCheck(RoutingContext context) {
    JsonNode percent = body(context, Set.of("percent")).get("percent");
    if (percent == null) {
      return new BackupRequest.Check(0);
    }
    if (!percent.isInt() || percent.intValue() < 0 || percent.intValue() > 100) {
      throw new BadRequestException("percent must be a number from 0 to 100");
    }
    return new BackupRequest.Check(percent.intValue());
  }

  static BackupRequest backupForget(RoutingContext context) {
    JsonNode fields = body(context, Set.of("backups", "plan"));
    List<String> backups = texts(fields, "backups");
    backups.forEach(RequestReader::checkBackup);
    return new BackupRequest.Forget(backups, flag(fields, "plan"));
  }

  static BackupRequest backupProve(RoutingContext context) {
    return new BackupRequest.Prove(backup(body(context, Set.of("backup"))));
  }

  private static String backup(JsonNode fields) {
    JsonNode backup = fields.get("backup");
    return backup == null || backup.isNull()
        ? BackupRequest.LATEST
        : checkBackup(text("backup", backup));
  }

  private static String checkBackup(String id) {
    if (!id.equals(BackupRequest.LATEST) && !BACKUP.matcher(id).matches()) {
      throw new BadRequestException(
          "\"%s\" is no id of a backup, which has hex digits: 'orchestrator backup list' lists them, \"latest\" is the newest"
              .formatted(printable(id)));
    }
    return id;
  }

  static boolean planInBody(RoutingContext context) {
    return flag(body(context, Set.of("plan")), "plan");
  }

  private static @Nullable Quiesce quiesce(@Nullable String value) {
    return switch (value) {
      case null -> null;
      case "stop" -> Quiesce.STOP;
      case "freeze" -> Quiesce.FREEZE;
      default -> throw new BadRequestException("quiesce must be stop or freeze");
    };
  }

  /** Refuses query parameters that the route does not have. */
  static void requireKnownParameters(RoutingContext context, Set<String> known) {
    for (String name : context.queryParams().names()) {
      if (!known.contains(name)) {
        throw new BadRequestException("unknown parameter: " + printable(name));
      }
    }
  }

  static String version(RoutingContext context) {
    return checkedName("version", parameter(context, "version"));
  }

  static @Nullable String service(RoutingContext context) {
    String value = parameter(context, "service");
    return value == null ? null : checkedName("service", value);
  }

  static int tailLines(RoutingContext context) {
    String value = parameter(context, "tail");
    if (value == null) {
      return 100;
    }
    int lines = NUMBER.matcher(value).matches() ? Integer.parseInt(value) : 0;
    if (lines < 1 || lines > MOST_LINES) {
      throw new BadRequestException("tail must be a number of lines from 1 to " + MOST_LINES);
    }
    return lines;
  }

  /** The sequence of the last event that the client has; 0 when it has none. */
  static long lastEventId(RoutingContext context) {
    String value = context.request().getHeader("Last-Event-ID");
    if (value == null) {
      return 0;
    }
    if (!NUMBER.matcher(value).matches()) {
      throw new BadRequestException("Last-Event-ID must be the number of an event");
    }
    return Long.parseLong(value);
  }

  static @Nullable String versionInBody(RoutingContext context) {
    JsonNode version = body(context, Set.of("version")).get("version");
    return version == null || version.isNull()
        ? null
        : checkedName("version", text("version", version));
  }

  static String requiredVersionInBody(RoutingContext context) {
    JsonNode version = body(context, UPGRADE_FIELDS).get("version");
    return checkedName("version", version == null ? null : text("version", version));
  }

  static DataOptions planOptions(RoutingContext context) {
    return new DataOptions(
        null,
        flag(context, "full"),
        flag(context, "attach"),
        context.queryParam("acceptUnused"),
        files(parameter(context, "files")),
        flag(context, "acceptOneWay"));
  }

  static DataOptions upgradeOptions(RoutingContext context) {
    JsonNode fields = body(context, UPGRADE_FIELDS);
    JsonNode files = fields.get("files");
    return new DataOptions(
        null,
        flag(fields, "full"),
        flag(fields, "attach"),
        texts(fields, "acceptUnused"),
        files(files == null || files.isNull() ? null : text("files", files)),
        flag(fields, "acceptOneWay"));
  }

  /** Whether an upgrade rehearses; as configured where the query doesn't say it. */
  static RehearsalOptions planRehearsal(RoutingContext context) {
    return parameter(context, "rehearse") == null
        ? RehearsalOptions.AS_CONFIGURED
        : rehearsal(flag(context, "rehearse"));
  }

  /** The same of a body. */
  static RehearsalOptions upgradeRehearsal(RoutingContext context) {
    JsonNode fields = body(context, UPGRADE_FIELDS);
    JsonNode rehearse = fields.get("rehearse");
    return rehearse == null || rehearse.isNull()
        ? RehearsalOptions.AS_CONFIGURED
        : rehearsal(flag(fields, "rehearse"));
  }

  private static RehearsalOptions rehearsal(boolean wanted) {
    return wanted ? RehearsalOptions.REQUIRED : RehearsalOptions.NONE;
  }

  /** The version to rehearse, the only field of the body. */
  static String rehearsedVersion(RoutingContext context) {
    JsonNode version = body(context, Set.of("version")).get("version");
    return checkedName("version", version == null ? null : text("version", version));
  }

  private static @Nullable Policy files(@Nullable String value) {
    return switch (value) {
      case null -> null;
      case "release" -> Policy.RELEASE;
      case "keep" -> Policy.KEEP;
      default -> throw new BadRequestException("files must be release or keep");
    };
  }

  static AdoptRequest adoptRequest(RoutingContext context) {
    return adoptRequest(
        parameter(context, "project"), parameter(context, "stack"), flag(context, "init"));
  }

  static AdoptRequest adoptRequestInBody(RoutingContext context) {
    JsonNode fields = body(context, Set.of("project", "stack", "init"));
    JsonNode project = fields.get("project");
    JsonNode stack = fields.get("stack");
    return adoptRequest(
        project == null ? null : text("project", project),
        stack == null || stack.isNull() ? null : text("stack", stack),
        flag(fields, "init"));
  }

  private static AdoptRequest adoptRequest(
      @Nullable String project, @Nullable String stack, boolean init) {
    if (project == null || project.isBlank() || project.length() > LONGEST_PATH) {
      throw new BadRequestException("project must be the name or the folder of a compose project");
    }
    if (init && !project.startsWith("/")) {
      throw new BadRequestException("project must be an absolute path: " + printable(project));
    }
    return new AdoptRequest(project, stack == null ? null : checkedName("stack", stack), init);
  }

  /**
   * A move to another host.
   *
   * @param to address of the engine there
   * @param full whether the content of every file is compared
   */
  record MoveRequest(String to, boolean full) {}

  static MoveRequest moveRequest(RoutingContext context) {
    JsonNode fields = body(context, Set.of("to", "full"));
    JsonNode to = fields.get("to");
    return new MoveRequest(engineAddress(to == null ? null : text("to", to)), flag(fields, "full"));
  }

  static String engineAddress(RoutingContext context) {
    return engineAddress(parameter(context, "to"));
  }

  private static String engineAddress(@Nullable String to) {
    if (to == null || to.isBlank() || to.length() > LONGEST_PATH) {
      throw new BadRequestException("to must be the address of an engine, or a Docker context");
    }
    return to;
  }

  static boolean nowInBody(RoutingContext context) {
    return flag(body(context, Set.of("now")), "now");
  }

  /**
   * The takeover of a capsule that was moved here.
   *
   * @param container its name, or that of the stack
   * @param stack another name for the stack, or null
   */
  record AttachRequest(String container, @Nullable String stack) {}

  static AttachRequest attachRequest(RoutingContext context) {
    JsonNode fields = body(context, Set.of("container", "stack"));
    JsonNode container = fields.get("container");
    JsonNode stack = fields.get("stack");
    return new AttachRequest(
        checkedName("container", container == null ? null : text("container", container)),
        stack == null || stack.isNull() ? null : checkedName("stack", text("stack", stack)));
  }

  static void requireEmptyBody(RoutingContext context) {
    body(context, Set.of());
  }

  /** Whether a rollback is one from a host that is gone for good. */
  static boolean lostInBody(RoutingContext context) {
    JsonNode fields = body(context, ROLLBACK_FIELDS);
    boolean lost = flag(fields, "lost");
    JsonNode data = fields.get("data");
    if (lost && data != null && !data.isNull() && !text("data", data).equals("restore")) {
      throw new BadRequestException("with lost there is no data but that as of the move: restore");
    }
    return lost;
  }

  static DataOptions rollbackOptions(RoutingContext context) {
    JsonNode data = body(context, ROLLBACK_FIELDS).get("data");
    if (data == null || data.isNull()) {
      return DataOptions.NONE;
    }
    return switch (text("data", data)) {
      case "carry" -> DataOptions.forRollback(Rollback.CARRY);
      case "restore" -> DataOptions.forRollback(Rollback.RESTORE);
      default -> throw new BadRequestException("data must be carry or restore");
    };
  }

  static Removal removalInBody(RoutingContext context) {
    JsonNode fields = body(context, Set.of("volumes", "images"));
    boolean volumes = flag(fields, "volumes");
    if (flag(fields, "images")) {
      return Removal.IMAGES;
    }
    return volumes ? Removal.VOLUMES : Removal.NOTHING;
  }

  private static boolean flag(RoutingContext context, String name) {
    return switch (parameter(context, name)) {
      case "true" -> true;
      case "false" -> false;
      case null -> false;
      default -> throw new BadRequestException(name + " must be true or false");
    };
  }

  private static boolean flag(JsonNode body, String name) {
    JsonNode value = body.get(name);
    if (value != null && !value.isBoolean()) {
      throw new BadRequestException(name + " must be true or false");
    }
    return value != null && value.booleanValue();
  }

  private static List<String> texts(JsonNode body, String name) {
    JsonNode value = body.get(name);
    List<String> texts = new ArrayList<>();
    if (value != null) {
      if (!value.isArray()) {
        throw new BadRequestException(name + " must be a list of strings");
      }
      value.forEach(text -> texts.add(text(name, text)));
    }
    return texts;
  }

  static ImportRequest importRequest(RoutingContext context) {
    JsonNode body = body(context, Set.of("file", "stack", "variables", "files"));
    JsonNode file = body.get("file");
    if (file == null) {
      throw new BadRequestException("file is missing");
    }
    String path = text("file", file);
    if (!path.startsWith("/") || path.length() > LONGEST_PATH || path.indexOf('\0') >= 0) {
      throw new BadRequestException("file must be an absolute path: got " + printable(path));
    }
    JsonNode stack = body.get("stack");
    return new ImportRequest(
        path,
        stack == null || stack.isNull() ? null : checkedName("stack", text("stack", stack)),
        values(body, "variables"),
        values(body, "files"));
  }

  private static Map<String, String> values(JsonNode body, String name) {
    JsonNode values = body.get(name);
    Map<String, String> texts = new TreeMap<>();
    if (values != null) {
      if (!values.isObject()) {
        throw new BadRequestException(name + " must be an object of strings");
      }
      values.properties().forEach(each -> texts.put(each.getKey(), text(name, each.getValue())));
    }
    return texts;
  }

  private static JsonNode body(RoutingContext context, Set<String> known) {
    JsonNode tree;
    try {
      String text = utf8(context.body().buffer());
      tree = Json.read(text.isBlank() ? "{}" : text, JsonNode.class);
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw new BadRequestException("the body isn't JSON");
    }
    if (tree.getNodeType() != JsonNodeType.OBJECT) {
      throw new BadRequestException("the body must be a JSON object");
    }
    tree.fieldNames()
        .forEachRemaining(field -> {
          if (!known.contains(field)) {
            throw new BadRequestException("unknown field in the body: " + printable(field));
          }
        });
    return tree;
  }

  /** Bytes that are not UTF-8 are refused, not replaced: a name would become another name. */
  private static String utf8(@Nullable Buffer body) throws CharacterCodingException {
    return body == null
        ? ""
        : StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body.getBytes())).toString();
  }

  private static String text(String name, JsonNode node) {
    if (!node.isTextual()) {
      throw new BadRequestException(name + " must be a string");
    }
    return node.textValue();
  }

  private static @Nullable String parameter(RoutingContext context, String name) {
    List<String> values = context.queryParam(name);
    if (values.size() > 1) {
      throw new BadRequestException(name + " is given twice");
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  private static String checkedName(String field, @Nullable String value) {
    if (value == null) {
      throw new BadRequestException(field + " is missing");
    }
    if (!NAME.matcher(value).matches()) {
      throw new BadRequestException(
          "%s must be letters, digits and ._+- (at most 128): got \"%s\""
              .formatted(field, printable(value)));
    }
    return value;
  }

  private static String printable(String text) {
    String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
    return plain.length() > 60 ? plain.substring(0, 60) + "..." : plain;
  }
}
