#include "dcache/project/docker_command.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using CiWords = std::span<const CiText>;

struct Program {
  std::string_view name;
  FileBase file_base;
  bool kaniko;
  std::optional<plan::Builder> builder = {};
  bool asks_environment = false;  // unless its plugin buildx builds
};
constexpr std::array<Program, 8> kPrograms = {
    {{"docker", FileBase::kFolder, false, std::nullopt, true},
     {"docker.exe", FileBase::kFolder, false, std::nullopt, true},
     {"docker-buildx", FileBase::kFolder, false},
     {"nerdctl", FileBase::kFolder, false},
     {"podman", FileBase::kFolderOrContext, false, plan::Builder::kBuildah},
     {"buildah", FileBase::kFolderOrContext, false, plan::Builder::kBuildah},
     {"executor", FileBase::kFolderOrContext, true},
     {"kaniko", FileBase::kFolderOrContext, true}}};

// Options before the subcommand that take a value of their own.
constexpr std::array<std::string_view, 22> kGlobalOptions = {"--builder",     "--cgroup-manager",
                                                             "--config",      "--connection",
                                                             "--context",     "--events-backend",
                                                             "--host",        "--identity",
                                                             "--log-level",   "--module",
                                                             "--namespace",   "--registries-conf",
                                                             "--root",        "--runroot",
                                                             "--runtime",     "--storage-driver",
                                                             "--storage-opt", "--tlscacert",
                                                             "--tlscert",     "--tlskey",
                                                             "--tmpdir",      "--url"};
constexpr std::string_view kGlobalLetters = "cHln";

constexpr std::array<std::string_view, 4> kGroups = {"buildx", "image", "builder", "container"};
constexpr std::array<std::string_view, 4> kSubcommands = {"build", "b", "bud", "build-using-dockerfile"};

struct Option {
  std::string_view name;
  BuildField field;
};
using enum BuildField;

// Options that take a value. All others take none.
constexpr Option kDockerOptions[] = {
    {"--add-host", kAddHost},
    {"--allow", kOther},
    {"--annotation", kAnnotation},
    {"--arch", kOther},
    {"--attest", kOther},
    {"--authfile", kOther},
    {"--build-arg", kArg},
    {"--build-arg-file", kOther},
    {"--build-context", kNamedContext},
    {"--builder", kOther},
    {"--cache-from", kCacheFrom},
    {"--cache-to", kCacheTo},
    {"--cache-ttl", kOther},
    {"--call", kCall},
    {"--cap-add", kOther},
    {"--cap-drop", kOther},
    {"--cert-dir", kOther},
    {"--cgroup-parent", kCgroupParent},
    {"--cgroupns", kOther},
    {"--cpp-flag", kOther},
    {"--cpu-period", kOther},
    {"--cpu-quota", kOther},
    {"--cpu-shares", kOther},
    {"--cpuset-cpus", kOther},
    {"--cpuset-mems", kOther},
    {"--creds", kOther},
    {"--decryption-key", kOther},
    {"--device", kOther},
    {"--dns", kOther},
    {"--dns-option", kOther},
    {"--dns-search", kOther},
    {"--env", kOther},
    {"--file", kFile},
    {"--format", kOther},
    {"--from", kOther},
    {"--hooks-dir", kOther},
    {"--ignorefile", kOther},
    {"--iidfile", kOther},
    {"--ipc", kOther},
    {"--isolation", kOther},
    {"--jobs", kOther},
    {"--label", kLabel},
    {"--layer-label", kOther},
    {"--logfile", kOther},
    {"--manifest", kTag},
    {"--memory", kOther},
    {"--memory-swap", kOther},
    {"--metadata-file", kOther},
    {"--network", kNetwork},
    {"--no-cache-filter", kNoCacheFilter},
    {"--os", kOther},
    {"--os-feature", kOther},
    {"--os-version", kOther},
    {"--output", kOther},
    {"--pid", kOther},
    {"--platform", kPlatform},
    {"--policy", kOther},
    {"--progress", kOther},
    {"--provenance", kOther},
    {"--retry", kOther},
    {"--retry-delay", kOther},
    {"--runtime", kOther},
    {"--runtime-flag", kOther},
    {"--sbom", kOther},
    {"--secret", kSecret},
    {"--security-opt", kOther},
    {"--shm-size", kShmSize},
    {"--sign-by", kOther},
    {"--source-date-epoch", kOther},
    {"--ssh", kSsh},
    {"--tag", kTag},
    {"--target", kTarget},
    {"--timestamp", kOther},
    {"--ulimit", kUlimit},
    {"--unsetenv", kOther},
    {"--unsetlabel", kOther},
    {"--userns", kOther},
    {"--userns-gid-map", kOther},
    {"--userns-uid-map", kOther},
    {"--uts", kOther},
    {"--variant", kOther},
    {"--volume", kOther},
    {"-c", kOther},
    {"-f", kFile},
    {"-m", kOther},
    {"-o", kOther},
    {"-t", kTag},
    {"-v", kOther},
};

constexpr Option kKanikoOptions[] = {
    {"--build-arg", kArg},
    {"--cache-dir", kOther},
    {"--cache-repo", kOther},
    {"--cache-ttl", kOther},
    {"--compression", kOther},
    {"--compression-level", kOther},
    {"--context", kContext},
    {"--context-sub-path", kContextPart},
    {"--custom-platform", kPlatform},
    {"--customPlatform", kPlatform},
    {"--destination", kTag},
    {"--digest-file", kOther},
    {"--dockerfile", kFile},
    {"--git", kOther},
    {"--ignore-path", kOther},
    {"--image-download-retry", kOther},
    {"--image-fs-extract-retry", kOther},
    {"--image-name-tag-with-digest-file", kOther},
    {"--image-name-with-digest-file", kOther},
    {"--insecure-registry", kOther},
    {"--kaniko-dir", kOther},
    {"--label", kLabel},
    {"--log-format", kOther},
    {"--oci-layout-path", kOther},
    {"--push-retry", kOther},
    {"--registry-certificate", kOther},
    {"--registry-client-cert", kOther},
    {"--registry-map", kOther},
    {"--registry-mirror", kOther},
    {"--secret", kOther},
    {"--skip-tls-verify-registry", kOther},
    {"--snapshot-mode", kOther},
    {"--snapshotMode", kOther},
    {"--tar-path", kOther},
    {"--tarPath", kOther},
    {"--target", kTarget},
    {"--verbosity", kOther},
    {"-b", kOther},
    {"-c", kContext},
    {"-d", kTag},
    {"-f", kFile},
    {"-v", kOther},
};

// Options without a value, after which nothing is built.
constexpr std::array<std::string_view, 4> kNotABuild = {"--help", "-h", "--check", "--print"};

// The words after `build`; nothing if the command is another one.
std::optional<CiWords> after_subcommand(CiWords words) {
  while (!words.empty()) {
    const std::string& word = words.front().text;
    words = words.subspan(1);
    if (word.starts_with('-')) {
      const bool is_short = word.size() == 2 && kGlobalLetters.find(word[1]) != std::string_view::npos;
      const bool valued = is_short || std::ranges::find(kGlobalOptions, word) != kGlobalOptions.end();
      if (valued && !words.empty()) words = words.subspan(1);
    } else if (std::ranges::find(kSubcommands, word) != kSubcommands.end()) {
      return words;
    } else if (std::ranges::find(kGroups, word) == kGroups.end()) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

CiText part(const CiText& word, size_t from) {
  CiText rest{word.text.substr(from), word.unknown};
  rest.update();
  return rest;
}

// Reads options and arguments, in turn.
class OptionReader {
 public:
  OptionReader(CiWords words, std::span<const Option> options, CiBuild& build)
      : words_(words), options_(options), build_(build) {}

  // False if nothing is built.
  bool read() {
    bool options = true;
    while (!words_.empty()) {
      const CiText word = take();
      const std::string_view text = word.text;
      if (options && text == "--") {
        options = false;
      } else if (!options || text.size() < 2 || !text.starts_with('-')) {
        if (!text.empty()) arguments_.push_back(word);
      } else if (std::ranges::find(kNotABuild, text) != kNotABuild.end()) {
        return false;
      } else if (text[1] == '-') {
        read_long(word);
      } else {
        read_letters(word);
      }
    }
    const CiText* const call = build_.find(kCall);
    return call == nullptr || call->text == "build";
  }

  const std::vector<CiText>& arguments() const { return arguments_; }

 private:
  CiText take() {
    CiText word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  std::optional<BuildField> field_of(std::string_view name) const {
    const auto found = std::ranges::find(options_, name, &Option::name);
    return found == options_.end() ? std::nullopt : std::optional(found->field);
  }

  void read_long(const CiText& word) {
    const size_t equals = word.text.find('=');
    const std::string_view name = std::string_view(word.text).substr(0, equals);
    if (name == "--no-cache") {
      build_.values.emplace_back(kNoCache,
                                 equals == std::string::npos ? CiText{"true"} : part(word, equals + 1));
    }
    const auto field = field_of(name);
    if (field && equals != std::string::npos) {
      add(*field, part(word, equals + 1));
    } else if (field && !words_.empty()) {
      add(*field, take());
    }
  }

  // `-qt NAME`: the first that takes a value takes the rest of the word, or the next one.
  void read_letters(const CiText& word) {
    for (size_t i = 1; i < word.text.size(); ++i) {
      const char letter[] = {'-', word.text[i]};
      const auto field = field_of({letter, 2});
      if (!field) continue;
      const size_t from = i + 1 + (word.text.substr(i + 1).starts_with('=') ? 1U : 0U);
      if (from < word.text.size()) {
        add(*field, part(word, from));
      } else if (!words_.empty()) {
        add(*field, take());
      }
      return;
    }
  }

  void add(BuildField field, CiText value) {
    if (field != kOther) build_.values.emplace_back(field, std::move(value));
  }

  CiWords words_;
  std::span<const Option> options_;
  CiBuild& build_;
  std::vector<CiText> arguments_;
};

// A build has one argument. Others are variables that contain options, or nothing.
void add_context(const std::vector<CiText>& arguments, CiBuild& build) {
  if (arguments.empty()) return;
  const auto is_known = [](const CiText& word) { return word.is_known(); };
  const auto known = std::ranges::find_if(arguments.rbegin(), arguments.rend(), is_known);
  // A path that is known in part is one; a variable may be anything.
  const auto is_path = [](const CiText& word) { return word.text.find('/') != std::string::npos; };
  const auto partial = std::ranges::find_if(arguments.rbegin(), arguments.rend(), is_path);
  const CiText* chosen = &arguments.back();
  if (partial != arguments.rend()) chosen = &*partial;
  if (known != arguments.rend()) chosen = &*known;
  for (const CiText& word : arguments) {
    if (&word != chosen && !word.is_known()) build.more_options.push_back(word.text);
  }
  build.values.emplace_back(kContext, *chosen);
}

// In place of a context `-` is standard input: an archive of one, or a Dockerfile alone. The Dockerfile of -f
// is in the archive. False if there is no such build: nothing is both on standard input.
// Source: https://docs.docker.com/build/concepts/context/#empty-context, LoadInputs() in
// https://github.com/docker/buildx/blob/master/build/opt.go
bool read_input_as_context(CiText& context, const CiInput& input, CiBuild& build) {
  const CiText* const file = build.find(kFile);
  if (file != nullptr && file->text == "-") return false;
  if (file != nullptr && input.kind == CiInput::Kind::kText && build.file_base == FileBase::kFolder)
    return false;
  if (input.kind == CiInput::Kind::kText) {
    context = {"."};
    build.has_no_context = true;
    build.file_is_input = !input.file;
    if (input.file) build.values.emplace_back(kFile, *input.file);
    return true;
  }
  const bool is_archive = input.kind == CiInput::Kind::kArchive || file != nullptr;
  build.context_of_input =
      input.file && input.file->is_known()
          ? fmt::format("is the archive {}", input.file->text)
          : std::string(is_archive ? "is an archive on standard input" : "is what standard input contains");
  return true;
}

// `-` as the file is a Dockerfile on standard input.
bool read_input(CiBuild& build, const CiInput& input) {
  const auto is_input_context = [](const auto& given) {
    return given.first == kContext && given.second.text == "-";
  };
  const auto context = std::ranges::find_if(build.values, is_input_context);
  if (context != build.values.end()) {
    CiText value = context->second;
    const bool builds = read_input_as_context(value, input, build);
    std::ranges::find_if(build.values, is_input_context)->second = std::move(value);
    return builds;
  }
  for (auto& [field, value] : build.values) {
    if (field != kFile || value.text != "-") continue;
    build.file_is_input = !input.file;
    if (input.file) value = *input.file;
  }
  return true;
}

}  // namespace

const CiText* CiBuild::find(BuildField field) const {
  const auto found =
      std::ranges::find(values.rbegin(), values.rend(), field, &std::pair<BuildField, CiText>::first);
  return found == values.rend() ? nullptr : &found->second;
}

std::optional<CiBuild> read_build_command(const std::vector<CiText>& words, const CiInput& input) {
  if (words.empty()) return std::nullopt;
  const std::string_view name = text::base_name(words.front().text);
  const auto* const program = std::ranges::find(kPrograms, name, &Program::name);
  if (program == kPrograms.end()) return std::nullopt;
  const auto rest = program->kaniko ? CiWords(words).subspan(1) : after_subcommand(CiWords(words).subspan(1));
  if (!rest) return std::nullopt;
  CiBuild build;
  build.file_base = program->file_base;
  build.builder = program->builder;
  const CiWords before(words.data(), words.size() - rest->size());
  build.asks_environment =
      program->asks_environment && std::ranges::find(before, "buildx", &CiText::text) == before.end();
  OptionReader reader(*rest, program->kaniko ? std::span<const Option>(kKanikoOptions) : kDockerOptions,
                      build);
  if (!reader.read()) return std::nullopt;
  if (program->kaniko) {
    if (build.find(kContext) == nullptr) return std::nullopt;
    if (build.find(kFile) == nullptr) build.values.emplace_back(kFile, CiText{"Dockerfile"});
    return build;
  }
  add_context(reader.arguments(), build);
  if (!read_input(build, input)) return std::nullopt;
  if (build.find(kContext) == nullptr) {
    // podman and buildah build the current folder.
    if (program->file_base == FileBase::kFolder) return std::nullopt;
    build.values.emplace_back(kContext, CiText{"."});
  }
  return build;
}

CiInput input_from_file(const CiText& file) {
  constexpr std::array<std::string_view, 7> kArchives = {".tar", ".tgz", ".gz", ".xz",
                                                         ".bz2", ".zst", ".tbz"};
  const auto ends = [&](std::string_view ending) { return file.text.ends_with(ending); };
  if (std::ranges::any_of(kArchives, ends)) return {CiInput::Kind::kArchive, file};
  return {file.is_known() ? CiInput::Kind::kText : CiInput::Kind::kUnknown, file};
}

CiInput input_from_command(const std::vector<CiText>& words) {
  constexpr std::array<std::string_view, 8> kTextPrograms = {"cat",  "echo",     "printf", "sed",
                                                             "head", "envsubst", "awk",    "tail"};
  constexpr std::array<std::string_view, 7> kArchivePrograms = {"tar",  "bsdtar", "gtar", "gzip",
                                                                "pigz", "zstd",   "xz"};
  if (words.empty()) return {};
  const std::string_view program = text::base_name(words.front().text);
  if (program == "cat" && words.size() == 2 && !words[1].text.starts_with('-'))
    return input_from_file(words[1]);
  const bool is_git_archive =
      program == "git" && std::ranges::find(words, "archive", &CiText::text) != words.end();
  if (is_git_archive || std::ranges::find(kArchivePrograms, program) != kArchivePrograms.end())
    return {.kind = CiInput::Kind::kArchive};
  const bool is_text = std::ranges::find(kTextPrograms, program) != kTextPrograms.end();
  return {.kind = is_text ? CiInput::Kind::kText : CiInput::Kind::kUnknown};
}

std::optional<BuildField> field_of_option(std::string_view word) {
  constexpr size_t kLetter = 2;
  const bool is_long = word.starts_with("--");
  const std::string_view name = is_long ? word.substr(0, word.find('=')) : word.substr(0, kLetter);
  const auto* const found = std::ranges::find(kDockerOptions, name, &Option::name);
  return found == std::end(kDockerOptions) ? std::nullopt : std::optional(found->field);
}

bool may_build(std::string_view script) {
  constexpr std::array<std::string_view, 6> kWords = {"docker", "podman",  "buildah",
                                                      "kaniko", "nerdctl", "executor"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return script.find(word) != std::string_view::npos; });
}

}  // namespace dcache::project
