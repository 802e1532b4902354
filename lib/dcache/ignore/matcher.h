// `.dockerignore`: which files of a folder are not part of the build context.
//
// The rules are those of Docker's own matcher. A pattern covers a path, and with a folder all that is below
// it; of several patterns the last one that matches decides, and one that starts with `!` takes files back
// in. Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dcache::ignore {

struct Pattern {
  std::string written;     // the line, without white space around it
  std::string path;        // cleaned, without `!` and leading slash
  bool exception = false;  // `!`: what matches is part of the context
  uint32_t line = 0;       // in the ignore file, from 1
};

struct Error {
  std::string message;
  std::string remedy;
  uint32_t line = 0;
};

struct Decision {
  bool ignored = false;
  const Pattern* pattern = nullptr;  // the one that decided; null if none matched
};

// Immutable and safe to use from many threads once it is made.
class Matcher {
 public:
  // Ignores nothing.
  Matcher();
  // How an exception that names a folder (`!src`) reaches what is in it. BuildKit forgets a pattern that did
  // not change what the ones before it said of the folder; the classic builder's client and buildah don't.
  enum class Dialect : uint8_t { kBuildkit, kClassic };
  // Reads the text of an ignore file. Fails for a pattern that Docker would refuse too.
  static tl::expected<Matcher, Error> parse(std::string_view text, Dialect dialect = Dialect::kBuildkit);
  // From patterns that come one by one, such as those of `COPY --exclude`: no comments, and a leading slash
  // counts. The line of an error is the number of the pattern.
  static tl::expected<Matcher, Error> compile(std::span<const std::string> patterns);

  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  // What the patterns say of a path relative to the context's root ("src/main.c"; no leading slash).
  Decision decide(std::string_view path) const;

  // For walking a tree from the root: what is known of a folder saves work for the paths in it. A default
  // Folder is the root.
  class Folder {
    friend class Matcher;
    std::vector<uint32_t> matched_;  // the patterns that cover it, in their order
  };
  // The same for a path directly below `parent`. `self`, if given, becomes the Folder for `path`.
  Decision decide(std::string_view path, const Folder& parent, Folder* self = nullptr) const;

  // Whether an exception could bring back something below an ignored folder, so that it has to be walked.
  bool may_reinclude_below(std::string_view folder) const;

  const std::vector<Pattern>& patterns() const;
  Dialect dialect() const { return dialect_; }

 private:
  struct CompiledPattern;
  std::optional<Error> add(Pattern pattern);

  Dialect dialect_ = Dialect::kBuildkit;
  std::vector<Pattern> patterns_;
  std::vector<CompiledPattern> compiled_;        // same order
  std::vector<std::string> exception_prefixes_;  // literal starts of the exceptions
  bool any_exception_anywhere_ = false;          // one of them may match at any depth
};

}  // namespace dcache::ignore
