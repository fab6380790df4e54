package dev.orchestrator.common;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
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
 * JSON as the API speaks it: records by their components, instants in ISO 8601 (UTC). Fields that
 * the reader doesn't know are skipped, so that an older client reads a newer service. Any thread.
 */
public final class ApiJson {
  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .registerModule(
              new SimpleModule()
                  .addSerializer(Instant.class, ToStringSerializer.instance)
                  .addDeserializer(Instant.class, new InstantReader()))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private ApiJson() {}

  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("can't write as JSON: " + value.getClass(), e);
    }
  }

  /**
   * Reads one value.
   *
   * @throws IllegalArgumentException when the text isn't JSON of that type; one line
   */
  public static <T> T read(String json, Class<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not the JSON expected: " + e.getOriginalMessage(), e);
    }
  }

  /** Like {@link #read}, for an array. */
  public static <T> List<T> readList(String json, Class<T> type) {
    try {
      return MAPPER.readerForListOf(type).readValue(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not the JSON expected: " + e.getOriginalMessage(), e);
    }
  }

  /** The same JSON, indented for a person. */
  public static String indent(String json) {
    return indent(read(json, JsonNode.class));
  }

  private static String indent(JsonNode tree) {
    try {
      return MAPPER.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("can't write as JSON", e);
    }
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
