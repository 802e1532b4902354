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
 * A workspace is what dcache/workspace.h describes: files on the disk or in memory, and texts of an editor
 * that replace them. Paths are absolute and, like all texts, UTF-8 that ends with a zero byte,
 * unless a size is given.
 *
 * Functions that can fail take `error`: it may be NULL; otherwise it is set to NULL, or to a sentence that
 * says what is wrong and what to do about it ("/app/Dockerfile:3:1: ..."), without characters that terminals
 * act on. Strings that are given out belong to the caller, who frees them with dcache_string_free(). No
 * function throws or ends the program: NULL for an argument that needs a value is an error as others are, and
 * so is a path of more than 4,096 bytes, and a zero byte in a text of `options` or `question`. Functions
 * without `error` do nothing then.
 *
 * All functions except dcache_workspace_free() may be called from several threads at once.
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

/* The catalogue of rules, as `dcache rules --format json` prints it. */
DCACHE_API char* dcache_rules(void);

/* The paths of all Dockerfiles in a folder, except those that git ignores: a JSON array. NULL if it is not a
 * folder, a part of it can't be read, or a Dockerfile is a symbolic link that leads out of the repository. */
DCACHE_API char* dcache_find_dockerfiles(const char* folder, char** error);
/* 1 if a file of that name is a Dockerfile ("Dockerfile", "api.dockerfile", "Containerfile"), 0 if not. */
DCACHE_API int dcache_is_dockerfile(const char* path);

/* `options` is a JSON object or NULL:
 * {"files":"disk"|"memory","context","config","profile","select":[…],"ignore":[…],"levels":{RULE:LEVEL},
 * "target","platform","buildArgs":{…},"builder","shellcheck":PATH,"hashStore":FOLDER}. They mean what they
 * mean in dcache/workspace.h; docs/api.md describes them. NULL for options that can't be used, and for
 * unknown ones. */
DCACHE_API dcache_workspace* dcache_workspace_new(const char* options, char** error);
/* Does nothing for NULL. No other call on the workspace may be running. */
DCACHE_API void dcache_workspace_free(dcache_workspace* workspace);

/* Sets a text of `size` bytes, which replaces the file until the text is dropped. */
DCACHE_API void dcache_workspace_set_text(dcache_workspace* workspace, const char* path, const char* text,
                                          size_t size);
/* Replaces a part of the text that is set, otherwise of the file's, with `size` bytes. Lines and columns
 * start at 0; columns are in UTF-16 code units, as in the Language Server Protocol. 0 if that is done. */
DCACHE_API int dcache_workspace_edit_text(dcache_workspace* workspace, const char* path, unsigned begin_line,
                                          unsigned begin_utf16, unsigned end_line, unsigned end_utf16,
                                          const char* text, size_t size, char** error);
DCACHE_API void dcache_workspace_drop_text(dcache_workspace* workspace, const char* path);
/* Call this when files on the disk changed. */
DCACHE_API void dcache_workspace_files_changed(dcache_workspace* workspace);
/* The files whose findings may have changed since dcache_workspace_lint() was last called for them: a JSON
 * array of paths. */
DCACHE_API char* dcache_workspace_stale(const dcache_workspace* workspace);

/* The findings in a Dockerfile, an ignore file, a GitHub workflow or a .gitlab-ci.yml:
 * {"version":1,"path","parses","findings":[…],"failures":[TEXT,…]}. "failures" names what rules need and
 * can't be read, such as an ignore file: their findings are missing. A finding has the members that `dcache
 * lint --format json` prints, and two more, here and in the edits of its fix: "id", and "range",
 * {"begin":{"offset","line","byte","utf16"}, "end":{…}}, where all numbers start at 0. NULL if the file or
 * its configuration can't be read. */
DCACHE_API char* dcache_workspace_lint(const dcache_workspace* workspace, const char* path, char** error);

/* {"version":1,"text","fixed","new_files":[{"path","content"}]}: the text with all safe fixes applied, or
 * with the unsafe ones too, and how many findings are gone. Nothing is written. */
DCACHE_API char* dcache_workspace_fix(const dcache_workspace* workspace, const char* path, int unsafe,
                                      char** error);
/* The same with the fix of one finding, whose "id" dcache_workspace_lint() gave for the same text. */
DCACHE_API char* dcache_workspace_fix_finding(const dcache_workspace* workspace, const char* path,
                                              const char* id, char** error);

/* The verdicts for the steps of an image, as `dcache explain --format json` gives them. `question` is a JSON
 * object: {"since":REVISION} for a revision that git knows, or {"changed":[PATH,…]} for files that change, or
 * {} for the state that dcache_workspace_mark() recorded; a member that is null counts as left out.
 * {"cacheFrom":[IMPORT,…]} assumes a builder that starts empty and imports what the earlier build exported,
 * each as --cache-from of `dcache explain` takes it ("max", "type=gha,mode=max"), except "defined"; alone and
 * without a mark nothing changed since then. {"call":NAME} names the call for dcache_workspace_cancel_call().
 */
DCACHE_API char* dcache_workspace_explain(const dcache_workspace* workspace, const char* dockerfile,
                                          const char* question, char** error);

/* Records the state of a build for dcache_workspace_explain(). 0 if that is done. */
DCACHE_API int dcache_workspace_mark(dcache_workspace* workspace, const char* dockerfile, char** error);

/* Ends the running calls of that name, or all running calls of dcache_workspace_explain() and
 * dcache_workspace_mark(): they fail with "cancelled". Later calls run as usual. */
DCACHE_API void dcache_workspace_cancel_call(dcache_workspace* workspace, const char* call);
DCACHE_API void dcache_workspace_cancel(dcache_workspace* workspace);

#ifdef __cplusplus
}
#endif

#endif
