import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.File;
import java.util.Map;

/** Reads resources, as a JSON list in each file, with the classes that Strimzi's operators read them with. */
public class Check {
    private static final Map<String, Class<?>> KINDS = Map.of(
        "Kafka", Kafka.class, "KafkaNodePool", KafkaNodePool.class,
        "KafkaTopic", KafkaTopic.class, "KafkaUser", KafkaUser.class);

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper()
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true)
            .configure(DeserializationFeature.ACCEPT_FLOAT_AS_INT, false)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                @Override public Boolean hasAnySetter(Annotated annotated) {
                    return false;  // the operators keep fields that they do not know; here they are mistakes
                }
            });
        ObjectNode complaints = mapper.createObjectNode();  // those about each file
        for (String file : arguments) {
            ArrayNode found = complaints.putArray(file);
            for (JsonNode item : mapper.readTree(new File(file))) {
                String name = item.at("/kind").asText() + " " + item.at("/metadata/name").asText();
                try {
                    mapper.treeToValue(item, KINDS.get(item.at("/kind").asText()));
                } catch (Exception error) {
                    found.add(name + ": " + error.getMessage());
                }
            }
        }
        System.out.println(complaints);
    }
}
