package dev.orchestrator.common;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.time.Instant;
import java.util.List;

/**
 * The JSON of the API, of the journal and of every program that is asked: records by their
 * components, instants in ISO 8601 (UTC). Fields that the reader doesn't know are skipped, so that
 * an older program reads what a newer one wrote. Any thread.
 *
 * <p>Text that isn't JSON, or not of the type, is an {@link IllegalArgumentException} of one line,
 * which quotes no more of the text than a word: the text may hold a secret.
 */
public final class Json {
  // Instants by a module of our own: the library's would be loaded by every client command.
  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .registerModule(
              new SimpleModule()
                  .addSerializer(Instant.class, ToStringSerializer.instance)
                  .addDeserializer(Instant.class, new InstantReader()))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private Json() {}

  /** Writes a record, a collection of records, or a tree, on one line. */
  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON for " + value.getClass().getName(), e);
    }
  }

  public static <T> T read(String json, Class<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw failure(type.getSimpleName(), e);
    }
  }

  /** Like {@link #read(String, Class)}, for a type with type arguments. */
  public static <T> T read(String json, TypeReference<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw failure(type.getType().getTypeName(), e);
    }
  }

  /** Like {@link #read(String, Class)}, for an array. */
  public static <T> List<T> readList(String json, Class<T> type) {
    try {
      return MAPPER.readerForListOf(type).readValue(json);
    } catch (JsonProcessingException e) {
      throw failure("list of " + type.getSimpleName(), e);
    }
  }

  /** Reads whatever JSON it is; a missing node when the text is blank. */
  public static JsonNode tree(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw failure("tree", e);
    }
  }

  /** The tree that {@link #write} would write. */
  public static JsonNode toTree(Object value) {
    return MAPPER.valueToTree(value);
  }

  /** The same JSON, indented for a person. */
  public static String indent(String json) {
    try {
      return MAPPER.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(tree(json));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree is JSON", e);
    }
  }

  private static IllegalArgumentException failure(String type, JsonProcessingException e) {
    String reason = e.getOriginalMessage().replaceAll("\\s+", " ");
    return new IllegalArgumentException("not the JSON of a %s: %s".formatted(type, reason), e);
  }

  private static final class InstantReader extends FromStringDeserializer<Instant> {
    private static final long serialVersionUID = 1L;

    InstantReader() {
      super(Instant.class);
    }

    @Override
    protected Instant _deserialize(String value, DeserializationContext context) {
      return Instant.parse(value);
    }
  }
}
