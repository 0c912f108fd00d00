// Apache Olingo, used as its documentation shows: metadata, retrieve, create, update, delete, invoke and batch requests.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.http.impl.client.DefaultHttpClient;
import org.apache.olingo.client.api.EdmEnabledODataClient;
import org.apache.olingo.client.api.communication.ODataClientErrorException;
import org.apache.olingo.client.api.communication.request.batch.BatchManager;
import org.apache.olingo.client.api.communication.request.batch.ODataBatchRequest;
import org.apache.olingo.client.api.communication.request.batch.ODataBatchResponseItem;
import org.apache.olingo.client.api.communication.request.cud.ODataEntityUpdateRequest;
import org.apache.olingo.client.api.communication.request.cud.UpdateType;
import org.apache.olingo.client.api.communication.response.ODataBatchResponse;
import org.apache.olingo.client.api.communication.response.ODataResponse;
import org.apache.olingo.client.api.domain.ClientEntity;
import org.apache.olingo.client.api.domain.ClientEntitySet;
import org.apache.olingo.client.api.domain.ClientObjectFactory;
import org.apache.olingo.client.api.domain.ClientProperty;
import org.apache.olingo.client.api.uri.URIBuilder;
import org.apache.olingo.client.core.ODataClientFactory;
import org.apache.olingo.client.core.http.DefaultHttpClientFactory;
import org.apache.olingo.commons.api.edm.Edm;
import org.apache.olingo.commons.api.edm.EdmAction;
import org.apache.olingo.commons.api.edm.EdmEntityType;
import org.apache.olingo.commons.api.edm.EdmEnumType;
import org.apache.olingo.commons.api.edm.FullQualifiedName;
import org.apache.olingo.commons.api.http.HttpMethod;

public class OlingoClient {
  static final String NAMESPACE = "Microsoft.Dynamics.DataEntities";
  static final String SET = "DealerPortalCases";
  static final FullQualifiedName CASE = new FullQualifiedName(NAMESPACE, "DealerPortalCase");
  static final String ROOT = System.getenv("D365_URL") + "/data";

  final EdmEnabledODataClient client = ODataClientFactory.getEdmEnabledClient(ROOT);

  OlingoClient(String token) {
    client.getConfiguration().setHttpClientFactory(new DefaultHttpClientFactory() {
      @Override
      public DefaultHttpClient create(HttpMethod method, URI uri) {
        DefaultHttpClient http = super.create(method, uri);
        http.addRequestInterceptor((request, context) -> request.setHeader("Authorization", "Bearer " + token));
        return http;
      }
    });
  }

  public static void main(String[] arguments) throws Exception {
    OlingoClient own = new OlingoClient(token());
    own.metadata();
    own.records();
    own.action();
    own.batch();
  }

  static String token() throws Exception {
    Map<String, String> form = new LinkedHashMap<>();
    form.put("grant_type", "client_credentials");
    form.put("client_id", System.getenv("D365_CLIENT_ID"));
    form.put("client_secret", System.getenv("D365_CLIENT_SECRET"));
    form.put("scope", System.getenv("D365_URL") + "/.default");
    String body = form.entrySet().stream()
        .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
    HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("D365_TOKEN_URL")))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString(body)).build();
    HttpResponse<String> answer =
        java.net.http.HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    return new ObjectMapper().readTree(answer.body()).get("access_token").asText();
  }

  static void check(String name, boolean holds) {
    if (!holds) {
      System.err.println("failed " + name);
      System.exit(1);
    }
    System.out.println("ok " + name);
  }

  void metadata() {
    Edm edm = client.getRetrieveRequestFactory().getMetadataRequest(ROOT).execute().getBody();
    EdmEntityType type = edm.getEntityType(CASE);
    check("metadata: keys", type.getKeyPredicateNames().equals(List.of("dataAreaId", "CaseId")));
    check("metadata: types", type.getProperty("CaseRecId").getType().getName().equals("Int64")
        && type.getProperty("SysModifiedDateTime").getType().getName().equals("DateTimeOffset")
        && !type.getStructuralProperty("CaseId").isNullable());
    EdmEnumType status = edm.getEnumType(new FullQualifiedName(NAMESPACE, "CaseStatus"));
    check("metadata: enumeration", type.getProperty("CaseStatus").getType() instanceof EdmEnumType
        && status.getMember("Closed").getValue() != null);
    check("metadata: navigation", type.getNavigationProperty("Customer").getType().getName().equals("CustomerV3")
        && !type.getNavigationProperty("Customer").isCollection());
    EdmAction action = edm.getBoundAction(new FullQualifiedName(NAMESPACE, "GetApplicationVersion"),
        new FullQualifiedName(NAMESPACE, "DataManagementDefinitionGroup"), true);
    check("metadata: action", action.getReturnType().getType().getName().equals("String"));
    check("service document", client.getRetrieveRequestFactory().getServiceDocumentRequest(ROOT).execute().getBody()
        .getEntitySetNames().contains(SET));
  }

  void records() {
    ClientEntity made = create("WOLINGO1");
    URI address = address(made);
    check("create", text(made, "CaseId").startsWith("CASE-"));
    check("list", rows(cases().top(2)).size() == 2);
    URIBuilder mine = cases().filter(client.getFilterFactory().eq("WebCaseId", "WOLINGO1"));
    check("filter", rows(mine.count(true)).get(0).getProperty("CaseId").equals(made.getProperty("CaseId")));
    pages();
    ClientEntity read = read(client.newURIBuilder(address.toString()).expand("Customer").build());
    check("expand", text(read.getNavigationLink("Customer").asInlineEntity().getEntity(), "CustomerAccount")
        .equals("US-001"));
    URI property = client.newURIBuilder(address.toString()).appendPropertySegment("Description").build();
    check("property", client.getRetrieveRequestFactory().getPropertyRequest(property).execute().getBody()
        .getPrimitiveValue().toString().equals("by Olingo"));
    check("patch", change(address, UpdateType.PATCH, made.getETag(), "changed") == 204);
    check("patch with a stale tag", change(address, UpdateType.PATCH, made.getETag(), "lost") == 412);
    check("nothing was lost", text(read(address), "Description").equals("changed"));
    check("put", change(address, UpdateType.REPLACE, null, "replaced") == 204
        && text(read(address), "Description").equals("replaced") && text(read(address), "Priority").isEmpty());
    check("delete", client.getCUDRequestFactory().getDeleteRequest(address).execute().getStatusCode() == 204);
    check("deleted", rows(mine).isEmpty());
  }

  void pages() {
    List<String> found = new ArrayList<>();
    URI next = cases().orderBy("CaseRecId").build();
    int pages = 0;
    while (next != null) {
      ClientEntitySet page = client.getRetrieveRequestFactory().getEntitySetRequest(next).execute().getBody();
      page.getEntities().forEach(one -> found.add(text(one, "CaseRecId")));
      next = page.getNext();
      pages++;
    }
    check("page", pages > 1 && found.equals(found.stream().sorted().distinct().toList()));
  }

  void action() {
    URI uri = client.newURIBuilder(ROOT).appendEntitySetSegment("DataManagementDefinitionGroups")
        .appendActionCallSegment(NAMESPACE + ".GetApplicationVersion").build();
    ClientProperty version = client.getInvokeRequestFactory().getActionInvokeRequest(uri, ClientProperty.class)
        .execute().getBody();
    check("action", version.getPrimitiveValue().toString().startsWith("10."));
  }

  void batch() {
    ODataBatchRequest request = client.getBatchRequestFactory().getBatchRequest(ROOT);
    BatchManager payload = request.payloadManager();
    payload.addRequest(client.getRetrieveRequestFactory().getEntitySetRequest(cases().top(1).build()));
    payload.addChangeset().addRequest(
        client.getCUDRequestFactory().getEntityCreateRequest(cases().build(), entity("WOLINGO2", "in a batch")));
    ODataBatchResponse answer = payload.getResponse();
    List<Integer> statuses = new ArrayList<>();
    for (Iterator<ODataBatchResponseItem> items = answer.getBody(); items.hasNext();) {
      for (ODataBatchResponseItem item = items.next(); item.hasNext();) {
        ODataResponse one = item.next();
        statuses.add(one.getStatusCode());
        one.close();
      }
    }
    check("batch", statuses.equals(List.of(200, 201)));
    List<ClientEntity> made = rows(cases().filter("WebCaseId eq 'WOLINGO2'"));
    check("batch: created", made.size() == 1);
    client.getCUDRequestFactory().getDeleteRequest(address(made.get(0))).execute();
  }

  URIBuilder cases() {
    return client.newURIBuilder(ROOT).appendEntitySetSegment(SET);
  }

  URI address(ClientEntity entity) {
    Map<String, Object> key = new LinkedHashMap<>();
    key.put("dataAreaId", text(entity, "dataAreaId"));
    key.put("CaseId", text(entity, "CaseId"));
    return cases().appendKeySegment(key).build();
  }

  List<ClientEntity> rows(URIBuilder uri) {
    return client.getRetrieveRequestFactory().getEntitySetRequest(uri.build()).execute().getBody().getEntities();
  }

  ClientEntity read(URI address) {
    return client.getRetrieveRequestFactory().getEntityRequest(address).execute().getBody();
  }

  ClientEntity create(String webCaseId) {
    return client.getCUDRequestFactory().getEntityCreateRequest(cases().build(), entity(webCaseId, "by Olingo"))
        .execute().getBody();
  }

  int change(URI address, UpdateType how, String tag, String description) {
    ClientEntity changes = client.getObjectFactory().newEntity(CASE);
    fill(changes, Map.of("Description", description));
    if (how == UpdateType.REPLACE) {
      categorise(changes);
    }
    ODataEntityUpdateRequest<ClientEntity> request =
        client.getCUDRequestFactory().getEntityUpdateRequest(address, how, changes);
    if (tag != null) {
      request.setIfMatch(tag);
    }
    try {
      return request.execute().getStatusCode();
    } catch (ODataClientErrorException refused) {
      System.out.println("   " + refused.getMessage());
      return refused.getStatusLine().getStatusCode();
    }
  }

  ClientEntity entity(String webCaseId, String description) {
    ClientEntity entity = client.getObjectFactory().newEntity(CASE);
    Map<String, String> values = new LinkedHashMap<>();
    values.put("dataAreaId", "usmf");
    values.put("CustomerAccount", "US-001");
    values.put("WebCaseId", webCaseId);
    values.put("Description", description);
    fill(entity, values);
    categorise(entity);
    return entity;
  }

  void fill(ClientEntity entity, Map<String, String> values) {
    ClientObjectFactory make = client.getObjectFactory();
    values.forEach((name, value) -> entity.getProperties().add(
        make.newPrimitiveProperty(name, make.newPrimitiveValueBuilder().buildString(value))));
  }

  void categorise(ClientEntity entity) {
    ClientObjectFactory make = client.getObjectFactory();
    fill(entity, Map.of("CaseCategory", "Breakdown"));
    entity.getProperties().add(
        make.newEnumProperty("CategoryType", make.newEnumValue(NAMESPACE + ".CaseCategoryType", "Service")));
  }

  static String text(ClientEntity entity, String name) {
    return entity.getProperty(name).getPrimitiveValue().toString();
  }
}
