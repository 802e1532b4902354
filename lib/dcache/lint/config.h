// What the user wants to hear of. The file is `.dcache.toml`, searched from the linted file's folder upward.
//
//   profile = "default"            # default, cache, buildkit, hadolint, all
//   select = ["DC1001"]            # exactly these rules, whatever the profile
//   extend-select = ["DL3057"]     # these too, though the profile leaves them out
//   ignore = ["DL3059", "DC4"]     # a code, a name, or what codes begin with
//   exclude = ["testdata"]         # files that a search passes over; patterns as in .dockerignore
//   fail-on = "warning"            # error, warning, info, style, none
//   minimum-engine = "23.0"        # builders older than this are not used: DC1008 keeps quiet from 23.0 on
//   builder = "buildkit"           # what builds the Dockerfiles: buildkit, classic, buildah
//   shellcheck = false             # don't ask it, though it is installed
//   trusted-registries = ["docker.io", "*.example.com"]
//   strict-labels = true           # labels that are not in the schema are findings
//   [levels]
//   DC1009 = "error"
//   [[overrides]]
//   paths = ["services/legacy"]    # patterns as in .dockerignore
//   ignore = ["DC1009"]
//   [[package-managers]]           # in addition to those that are known
//   name = "bazel"
//   programs = ["bazel", "bazelisk"]
//   commands = ["build", "test"]
//   caches = ["~/.cache/bazel"]
//   [label-schema]
//   "org.example.revision" = "hash"   # text, rawtext, url, rfc3339, spdx, hash, semver, email
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/file_system.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/diagnostic.h"
#include "dcache/plan/builder.h"

namespace dcache::lint {

enum class Profile : uint8_t { kDefault, kCache, kBuildkit, kHadolint, kAll };
inline constexpr std::array<std::string_view, 5> kProfileNames = {"default", "cache", "buildkit", "hadolint",
                                                                  "all"};
std::optional<Profile> profile_of(std::string_view name);

// What the value of a label has to be.
enum class LabelType : uint8_t { kText, kRawText, kUrl, kRfc3339, kSpdx, kHash, kSemver, kEmail };
std::optional<LabelType> label_type_of(std::string_view name);

// What is different for some Dockerfiles.
struct Override {
  std::vector<std::string>
      paths;  // patterns as in .dockerignore, relative to the folder of the configuration
  std::vector<std::string> ignore;
  std::map<std::string, Level, std::less<>> levels;
};

// A program that downloads or compiles, which dcache does not know: [[package-managers]].
struct OwnPackageManager {
  std::string name;
  std::vector<std::string> programs;   // as they are called: "bazel", "python -m build"
  std::vector<std::string> commands;   // sub-commands that fill the cache; none: every call does
  std::vector<std::string> caches;     // its folders; "~" is the home of who runs it
  std::vector<std::string> cache_env;  // variables that move the first of them
  std::string sharing;                 // of cache mounts for it; empty for the default
  std::vector<std::string> manifests;  // what its commands install from: DC1001 looks for them
  std::vector<std::string> opt_out;    // options that keep it from caching
};

struct Config {
  Profile profile = Profile::kDefault;
  std::vector<std::string> select;
  std::vector<std::string> extend_select;
  std::vector<std::string> ignore;
  std::vector<std::string> exclude;                // files that a search passes over
  std::optional<Level> fail_on = Level::kWarning;  // nothing: never
  std::map<std::string, Level, std::less<>> levels;
  std::vector<std::string> trusted_registries;  // DL3026: "*.example.com" for all below a domain
  std::map<std::string, LabelType, std::less<>> label_schema;
  bool strict_labels = false;  // the schema lists all labels that there may be
  std::vector<OwnPackageManager> package_managers;
  std::vector<Override> overrides;
  bool report_unused = false;            // comments that silence nothing are findings: DC0002
  std::string minimum_engine;            // "MAJOR.MINOR" of Docker; empty for any
  std::optional<plan::Builder> builder;  // absent: the one that CI uses, or else BuildKit
  bool shellcheck = true;                // ask ShellCheck about the text of RUNs, where a Linter is given one
};

struct ConfigError {
  std::string message;
  std::string remedy;
  uint32_t line = 0;
  uint32_t column = 0;
};

// Unknown keys and values are errors, with the nearest known one as a remedy. `known_rules` are codes and
// names.
tl::expected<Config, ConfigError> read_config(const std::string& text,
                                              const std::vector<std::string_view>& known_rules);
// What of the file has no effect, such as to ignore a rule that only hadolint had, is added to `notes`.
tl::expected<Config, ConfigError> read_config(const std::string& text,
                                              const std::vector<std::string_view>& known_rules,
                                              std::vector<ConfigError>& notes);

// The builder that a `.dcache.toml` names, if it does. Nothing else of it is looked at: none for a text that
// is not TOML.
tl::expected<std::optional<plan::Builder>, ConfigError> read_builder(const std::string& text);

// The keys that the file may have, for the schema that editors use.
std::span<const std::string_view> config_keys();

// The same for a file of hadolint's (`.hadolint.yaml`): ignored, override, trustedRegistries, label-schema,
// strict-labels, failure-threshold, no-fail. What concerns its output is left alone.
tl::expected<Config, ConfigError> read_hadolint_config(const std::string& text,
                                                       const std::vector<std::string_view>& known_rules);

// The nearest `.dcache.toml` in `folder` or above it; where there is none, the nearest `.hadolint.yaml`;
// empty for none.
std::string find_config(const std::string& folder, const context::FileSystem& files = *context::disk());
bool is_hadolint_config(std::string_view path);

// A configuration after one more thing changed it.
struct ConfigLayer {
  std::string origin;  // what changed it: "the file", "HADOLINT_IGNORE", "--ignore"
  Config config;
};

// What a configuration with `overrides` or `exclude` says of each file. Patterns are read once, and what
// holds for one file has no copy of them. May be shared between threads.
class FileSettings {
 public:
  // Fails if a pattern is malformed.
  static tl::expected<FileSettings, ConfigError> compile(Config config);

  // `path` is relative to the folder of the configuration. What holds for the file, with the overrides that
  // name it; the lists of overrides and excluded files are empty.
  Config of(std::string_view path) const;
  // How that comes about, one override after the other.
  std::vector<ConfigLayer> layers_of(std::string_view path) const;
  // Whether a search passes over the file.
  bool excludes(std::string_view path) const;

 private:
  FileSettings() = default;

  Config general_;
  std::vector<Override> overrides_;
  std::vector<ignore::Matcher> matchers_;  // of the overrides
  std::optional<ignore::Matcher> excluded_;
};

// The configuration as a `.dcache.toml`.
std::string to_toml(const Config& config);
// The same of the last layer, with a comment at each setting that is not the default: the layers that changed
// it. The first layer is changed by nothing.
std::string to_toml_with_origins(const std::vector<ConfigLayer>& layers);

}  // namespace dcache::lint
