// What an editor or another long-running program keeps of the Dockerfiles it works with.
//
//   editor::Workspace workspace;
//   workspace.set_text("/app/Dockerfile", text);            // as it is in the editor, saved or not
//   auto linted = workspace.lint("/app/Dockerfile");        // (*linted)->findings
//   auto verdicts = workspace.explain("/app/Dockerfile", {.since = "HEAD"});
//
// Texts that are set hide files on the disk, so that answers are about what people see: Dockerfiles, ignore
// files, configurations and every file of a context. What was read, parsed, walked, hashed and answered is
// kept as long as it is valid: after a change of one text, only what depends on that text is computed again.
//
// All members are safe to call from many threads at once. An answer is of the moment it was asked for, and
// stays good however the workspace changes, and when it is gone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/cache/what_if.h"
#include "dcache/context/file_system.h"
#include "dcache/dockerfile/file.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/fixes.h"
#include "dcache/lint/related_file.h"
#include "dcache/plan/graph.h"
#include "dcache/project/images.h"
#include "dcache/text/document.h"
#include "dcache/text/line_index.h"

namespace dcache::editor {

class Workspace {
 public:
  struct Options {
    // Where files are read from.
    std::shared_ptr<const context::FileSystem> files = context::disk();
    // The build context of Dockerfiles that no definition names; empty: an inferred one.
    std::string context = {};
    // Whether all of the disk, or a home folder, may be the build context of a Dockerfile though neither
    // `context` nor a definition says so. Editors open files in such folders that are not meant for a build.
    bool wide_contexts = true;
    std::string hash_store = {};  // the folder of hashes kept between runs; empty for none
    std::string config = {};      // the configuration for all files; empty: the nearest above each
    // Changes every configuration; empty for nothing.
    std::function<void(lint::Config&)> adjust = {};
    std::string shellcheck = {};                // the path of ShellCheck; empty: it is not run
    std::string shellcheck_store = {};          // the folder of its earlier answers; empty for none
    plan::Options plan = {};                    // target, platform, build arguments, …
    std::optional<plan::Builder> builder = {};  // of all Dockerfiles, whatever definitions and settings say
  };

  explicit Workspace(Options options);
  Workspace() : Workspace(Options()) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // Paths are absolute. A text counts until it is dropped, then the file does. No text counts for a path that
  // no file can have: an empty one, one of more than 4,096 bytes, or with a zero byte; other members fail for
  // these.
  // Both say whose answers are made again: those of the file alone, or of all files.
  enum class EditScope : uint8_t { kNothing, kItself, kAll };
  EditScope set_text(const std::string& path, std::string text);
  EditScope drop_text(const std::string& path);
  // The text that was set; nothing for none.
  std::optional<std::string> text(const std::string& path) const;

  // The folder that is the build context of a Dockerfile, and what everything is read from as of now: texts
  // over files.
  std::string context_of(const std::string& dockerfile) const;
  std::shared_ptr<const context::FileSystem> files() const;
  // The same without what only a definition of a stranger names: files outside of the repositories that
  // something was asked about.
  std::shared_ptr<const context::FileSystem> files_inside() const;
  // Why a file that a definition names is not read; empty if it is. To be asked before parse() and lint(),
  // which take every path for one that the user named.
  std::string refusal(const std::string& named) const;
  // Definitions may also name what is in this folder, or in the repository that it is in: the user works in
  // it.
  void open_folder(const std::string& folder);

  // To be called when files changed, went or came; of texts that are set the workspace knows. Contexts are
  // walked again when they are next asked for.
  void files_changed();

  // Other options from now on; marks are forgotten.
  void configure(Options options);

  // A Dockerfile as the parser and the planner see it.
  struct ParsedDockerfile {
    dockerfile::File file;
    plan::Graph graph;
  };
  // The error is a sentence: the file can't be read.
  tl::expected<std::shared_ptr<const ParsedDockerfile>, std::string> parse(const std::string& path) const;

  // A text with its lines.
  struct Plain {
    Plain(lint::RelatedFileKind of, std::string text) : kind(of), source(std::move(text)), lines(source) {}

    lint::RelatedFileKind kind;
    std::string source;
    text::LineIndex lines;
  };
  // What a linter says of a file. For a Dockerfile `parsed` is given, for a file next to one `plain`.
  struct LintAnswer {
    std::shared_ptr<const ParsedDockerfile> parsed;
    std::shared_ptr<const Plain> plain;
    lint::Findings findings;
    std::optional<text::Failure> failure;  // an ignore file can't be read: findings about files are missing

    text::Document text() const {
      return parsed ? parsed->file.text() : text::Document(plain->source, plain->lines);
    }
  };
  enum class Depth : uint8_t {
    kFast,      // dcache's own rules
    kThorough,  // ShellCheck too, if the workspace has it
    kReady,     // the thorough answer if it is there already, and else the fast one
  };
  // Fails where the file or its configuration can't be read.
  tl::expected<std::shared_ptr<const LintAnswer>, cache::Failure> lint(const std::string& path,
                                                                       Depth depth = Depth::kThorough) const;
  // The text of a file with its findings fixed, as lint::apply_fixes(). What ShellCheck proposes is among
  // the unsafe fixes.
  tl::expected<lint::FixedText, cache::Failure> fix(const std::string& path, bool unsafe) const;

  // What a compose or bake file defines, read with those next to it, as builds do: images, groups, and what
  // can't be read.
  std::shared_ptr<const project::Project> defined_in(const std::string& definition) const;
  // All images of the repository that a folder is in; null outside of one. Walks it once, until files change.
  std::shared_ptr<const project::Project> repository(const std::string& folder) const;

  // The verdicts for the steps of an image.
  struct ImageVerdicts {
    std::shared_ptr<const cache::Build> build;   // as it is now
    std::shared_ptr<const cache::Build> before;  // null for `changed`
    cache::Report report;
    std::vector<cache::ChangedPath> paths;  // of `changed`
  };
  struct Question {
    // What the state now is compared with: a revision that git knows, or what mark() noted where this is
    // empty.
    std::string since = {};
    // Instead of that: files that are said to change, from the context.
    std::vector<std::string> changed = {};
    // Values of --cache-from other than "defined": what a builder that starts empty imports of what the
    // earlier build exported. With none of the above and no mark, nothing changed since then.
    std::vector<std::string> cache_from = {};
    // Asked now and then; the answer is the failure context::kCancelled when it was cancelled.
    std::stop_token stop = {};
    cache::Build::Progress progress = {};
  };
  using Failures = std::vector<cache::Failure>;
  tl::expected<std::shared_ptr<const ImageVerdicts>, Failures> explain(const std::string& dockerfile,
                                                                       const Question& question) const;
  // Notes the state of a build, for explain().
  tl::expected<void, Failures> mark(const std::string& dockerfile, const std::stop_token& stop = {},
                                    const cache::Build::Progress& progress = {});
  bool is_marked(const std::string& dockerfile) const;

 private:
  struct State;
  std::shared_ptr<const State> now() const;
  EditScope change_texts(const std::string& path, const std::function<void(context::MemoryFiles&)>& change);

  mutable std::mutex mutex_;  // guards the pointer and the map, not what they lead to
  std::shared_ptr<const State> state_;
  std::map<std::string, std::shared_ptr<const cache::Build>, std::less<>> marks_;
};

}  // namespace dcache::editor
