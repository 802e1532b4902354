/* dcache for programs that are not written in C++: one opaque handle, texts and JSON.
 *
 *   char *error = NULL;
 *   dcache_workspace *workspace = dcache_workspace_new(NULL, &error);
 *   dcache_workspace_set_text(workspace, "/app/Dockerfile", text, strlen(text));
 *   char *findings = dcache_workspace_lint(workspace, "/app/Dockerfile", &error);
 *   ...
 *   dcache_string_free(findings);
 *   dcache_workspace_free(workspace);
 *
 * A workspace is what dcache/workspace.h describes: files on the disk or in memory, with texts over
 * them that are not saved. Paths are absolute and, like all texts, UTF-8 that ends with a zero byte, if no
 * size is given.
 *
 * Functions that can fail take `error`: it may be NULL; otherwise it is set to NULL, or to a sentence that
 * says what is wrong and what to do about it ("/app/Dockerfile:3:1: ..."). Strings that are given out belong
 * to the caller, who frees them with dcache_string_free(). No function throws or ends the program.
 *
 * All functions may be called from several threads at once, but for dcache_workspace_free().
 */
#ifndef DCACHE_DCACHE_C_H
#define DCACHE_DCACHE_C_H

#include <stddef.h>

#if defined(__GNUC__)
#define DCACHE_API __attribute__((visibility("default")))
#else
#define DCACHE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dcache_workspace dcache_workspace;

/* "0.1.0"; the string is the library's own. Versions are semantic: what is declared here stays as it is
 * within a major version. */
DCACHE_API const char* dcache_version(void);

/* Does nothing for NULL. */
DCACHE_API void dcache_string_free(char* text);

/* `options` is a JSON object or NULL:
 * {"files":"disk"|"memory","context","config","target","platform","buildArgs":{…},"builder",
 * "shellcheck":PATH,"hashStore":FOLDER}, each with the meaning that it has in dcache/workspace.h; docs/api.md
 * describes them. NULL for options that can't be used. */
DCACHE_API dcache_workspace* dcache_workspace_new(const char* options, char** error);
/* Does nothing for NULL. No other call on the workspace may be under way. */
DCACHE_API void dcache_workspace_free(dcache_workspace* workspace);

/* A text of `size` bytes that counts instead of the file, until it is dropped. */
DCACHE_API void dcache_workspace_set_text(dcache_workspace* workspace, const char* path, const char* text,
                                          size_t size);
DCACHE_API void dcache_workspace_drop_text(dcache_workspace* workspace, const char* path);
/* To be called when files changed on the disk. */
DCACHE_API void dcache_workspace_files_changed(dcache_workspace* workspace);

/* The findings in a Dockerfile, an ignore file, a GitHub workflow or a .gitlab-ci.yml, as `dcache lint
 * --format json` gives them. NULL if the file or its configuration can't be read. */
DCACHE_API char* dcache_workspace_lint(const dcache_workspace* workspace, const char* path, char** error);

/* {"text","fixed","new_files":[{"path","content"}]}: the text with its findings fixed, and how many are
 * gone. Nothing is written. */
DCACHE_API char* dcache_workspace_fix(const dcache_workspace* workspace, const char* path, int unsafe,
                                      char** error);

/* The verdicts for the steps of an image, as `dcache explain --format json` gives them. `question` is a JSON
 * object: {"since":REVISION} for a revision that git knows, {"changed":[PATH,…]} for files that are said to
 * change, or {} for what dcache_workspace_mark() noted. */
DCACHE_API char* dcache_workspace_explain(const dcache_workspace* workspace, const char* dockerfile,
                                          const char* question, char** error);

/* Notes the state of a build for dcache_workspace_explain(). 0 if that is done. */
DCACHE_API int dcache_workspace_mark(dcache_workspace* workspace, const char* dockerfile, char** error);

/* Ends the calls of dcache_workspace_explain() and dcache_workspace_mark() that are under way: they fail with
 * "cancelled". */
DCACHE_API void dcache_workspace_cancel(dcache_workspace* workspace);

#ifdef __cplusplus
}
#endif

#endif
