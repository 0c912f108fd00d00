// Java's own HttpClient over http://, as its documentation shows: it offers h2c with each request.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;

public class PlainHttpClient {
  public static void main(String[] arguments) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    String body = "{\"words\":\"" + "x".repeat(40_000) + "\"}";
    BodyPublisher inChunks = BodyPublishers.fromPublisher(BodyPublishers.ofByteArrays(
        List.of(body.substring(0, 5).getBytes(StandardCharsets.UTF_8), body.substring(5).getBytes(StandardCharsets.UTF_8))));
    for (String method : List.of("POST", "PATCH", "PUT")) {
      for (BodyPublisher publisher : List.of(BodyPublishers.ofString(body), inChunks)) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("ECHO_URL")))
            .header("Content-Type", "application/json").method(method, publisher).build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200 || !response.body().equals(body)) {
          throw new AssertionError(method + ": " + response.statusCode() + " " + response.body());
        }
      }
    }
  }
}
