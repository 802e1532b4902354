/* The C interface: lints a text in memory, and asks what an edit would rebuild. */
#include <stdio.h>
#include <string.h>

#include <dcache/dcache_c.h>

int main(void) {
  const char *text = "FROM alpine:latest\nCOPY src /src\n";
  char *error = NULL;
  dcache_workspace *workspace = dcache_workspace_new("{\"files\":\"memory\"}", &error);
  char *findings;
  char *verdicts;
  if (workspace == NULL) {
    fprintf(stderr, "%s\n", error);
    dcache_string_free(error);
    return 1;
  }
  dcache_workspace_set_text(workspace, "/app/Dockerfile", text, strlen(text));
  dcache_workspace_set_text(workspace, "/app/src/a", "1", 1);

  findings = dcache_workspace_lint(workspace, "/app/Dockerfile", &error);
  printf("dcache %s: %s", dcache_version(), findings ? findings : error);
  dcache_string_free(findings);
  dcache_string_free(error);

  verdicts = dcache_workspace_explain(workspace, "/app/Dockerfile", "{\"changed\":[\"src/a\"]}", &error);
  printf("%s", verdicts ? verdicts : error);
  dcache_string_free(verdicts);
  dcache_string_free(error);
  dcache_workspace_free(workspace);
  return 0;
}
