// The Dockerfiles that an editor or another long-running program works with.
//
//   dcache::Workspace workspace;
//   workspace.set_text("/app/Dockerfile", text);             // as it is in the editor, saved or not
//   auto findings = workspace.lint("/app/Dockerfile");
//   auto explanation = workspace.explain("/app/Dockerfile", {.since = "HEAD"});
//
// Texts that are set hide files on the disk: Dockerfiles, ignore files, configurations and every file of a
// context. A workspace caches what it read, parsed, hashed and answered. After a change of one text it
// computes only what depends on that text.
//
// Paths are absolute. All members are safe to call from many threads at once. Answers are values: they are
// true at the moment of the call, and stay valid when the workspace changes or is destroyed. No member throws
// anything but std::bad_alloc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/explanation.h"
#include "dcache/finding.h"

namespace dcache {

class Workspace {
 public:
  // Which rules run, in addition to what configuration files say. Names are checked by open().
  struct Rules {
    std::string profile = {};                        // "default", "cache", "buildkit", "hadolint" or "all"
    std::vector<std::string> select = {};            // only these rules
    std::vector<std::string> ignore = {};            // not these
    std::map<std::string, std::string> levels = {};  // by rule: "error", "warning", "info" or "style"
  };
  struct Options {
    bool on_disk = true;  // false: there are no files but the texts that are set
    // The build context of Dockerfiles that no definition names; empty: an inferred one.
    std::string context = {};
    std::string config = {};  // the configuration for all files; empty: the nearest above each
    Rules rules = {};
    std::string target = {};    // the stage to build; empty: the last
    std::string platform = {};  // empty: linux/amd64
    std::map<std::string, std::string> build_args = {};
    std::string builder = {};           // "buildkit", "classic" or "buildah"; empty: as settings and CI say
    std::string hash_store = {};        // a folder for hashes that are kept between runs; empty: none
    std::string shellcheck = {};        // the path of ShellCheck; empty: it is not run
    std::string shellcheck_store = {};  // a folder for its earlier answers; empty: none
  };

  // Fails for a rule, level, profile or builder that does not exist.
  static tl::expected<Workspace, Failure> open(const Options& options);
  // With the default options.
  Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();

  // Each of these returns the files whose findings may have changed since lint() was last called for them,
  // including `path`.
  using Paths = std::vector<std::string>;
  // Sets the whole text of a file, which replaces the file until the text is dropped. A path that no file can
  // have (more than 4,096 bytes, a zero byte) gets no text, and the members that answer fail for it.
  Paths set_text(const std::string& path, std::string text);
  // Changes a part of the text that is set, otherwise of the file's, as an editor reports edits: a line and a
  // column from 0, in UTF-16 code units, for each end; an end outside the text is moved into it. Fails where
  // there is no text.
  struct Place {
    uint32_t line = 0;
    uint32_t utf16 = 0;
  };
  tl::expected<Paths, Failure> edit_text(const std::string& path, Place begin, Place end,
                                         std::string_view replacement);
  Paths drop_text(const std::string& path);
  // To be called when files on the disk changed.
  Paths files_changed();

  // The text that is set, otherwise the file's.
  tl::expected<std::string, Failure> text(const std::string& path) const;

  // The findings in a Dockerfile, an ignore file, a GitHub workflow or a .gitlab-ci.yml. Fails if the file or
  // its configuration can't be read.
  tl::expected<Findings, Failure> lint(const std::string& path) const;

  // A text with fixes applied. Nothing is written.
  struct FixedText {
    std::string text;
    size_t fixed = 0;  // how many findings are gone
    std::vector<NewFile> new_files;
  };
  // With all safe fixes, or with the unsafe ones too. Fails as lint() does.
  tl::expected<FixedText, Failure> fix(const std::string& path, bool unsafe = false) const;
  // With the fix of one finding, safe or not. Fails also if the text has no finding of this id, or none with
  // a fix.
  tl::expected<FixedText, Failure> fix_finding(const std::string& path, std::string_view id) const;

  struct Question {
    // Compares with a revision that git knows; empty: with the state that mark() recorded.
    std::string since = {};
    // Or asks about files that change, relative to the context. Give either `since` or `changed`.
    std::vector<std::string> changed = {};
    // With one of the above: the builder is a worker that starts empty, and imports what the earlier build
    // exported, in this order. Each is "none", "inline", "min" or "max", with ":STAGE" for the cache of
    // another stage, or an option of docker buildx build ("type=gha,mode=max"). With neither of the above and
    // without a mark(), nothing changed since then.
    std::vector<std::string> cache_from = {};
    // Ends this call with the failure "cancelled".
    std::stop_token stop = {};
    // Called now and then with the bytes that were hashed so far, and all bytes.
    std::function<void(uint64_t done, uint64_t all)> progress = {};
  };
  tl::expected<Explanation, std::vector<Failure>> explain(const std::string& dockerfile,
                                                          const Question& question) const;
  // Records the state of a build, for explain().
  tl::expected<void, std::vector<Failure>> mark(const std::string& dockerfile,
                                                const std::stop_token& stop = {});

 private:
  friend struct WorkspaceAccess;  // the C interface, which gives JSON
  struct Impl;
  explicit Workspace(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dcache
