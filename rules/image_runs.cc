#include "rules/image_runs.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/yaml.h"
#include "dcache/shell/script.h"
#include "dcache/text/arena.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/project_files.h"
#include "rules/started_containers.h"

namespace dcache::rules {
namespace {

using project::DefinitionKind;

bool is_name_character(char c) {
  const char letter = text::ascii_lower(c);
  return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// Whether a text is the name of the stage, or its number. A variable may be any stage.
bool is_name_of(std::string_view text, const plan::Stage& stage) {
  const std::string name = text::to_lower(text);
  return name.find('$') != std::string::npos ||
         (!name.empty() && (name == stage.name || name == std::to_string(stage.index)));
}

// Whether what is at `at`, the end of the word "target", is the stage: `--target build`, `target: build`,
// `"target": "build"`. A variable may be any stage.
struct TargetWord {
  bool names = false;
  bool is_option = false;  // of a command: `--target`, `--set *.target=build`
};
TargetWord target_at(const ProjectFile& file, size_t at, const plan::Stage& stage) {
  const std::string_view text = file.text;
  const size_t word = at - kTarget.size();
  // As `docker buildx bake --set *.target=build` has it.
  const bool is_set = word > 0 && text[word - 1] == '.' && text.substr(at).starts_with('=');
  const bool is_option = is_set || (word >= 2 && text.substr(word - 2, 2) == "--");
  if (word > 0 && !is_option && (is_name_character(text[word - 1]) || text[word - 1] == ',')) return {};
  const size_t begin = text.find_first_not_of(is_option ? " \t\"':=,\\\r\n" : " \t\"':=,", at);
  if (begin == std::string_view::npos || begin == at) return {};
  std::string_view rest = text.substr(begin);
  // In a shell, or where a program puts a text together.
  constexpr std::string_view kOfScripts = "{%<`";
  if (rest.starts_with('$') ||
      (file.kind == ProjectFile::Kind::kScript && kOfScripts.find(rest.front()) != std::string_view::npos)) {
    constexpr size_t kNear = 400;
    const bool in_definition =
        file.kind != ProjectFile::Kind::kScript && file.kind != ProjectFile::Kind::kManifest && !is_option;
    return {in_definition || says_docker(text.substr(word - std::min(word, kNear), std::min(word, kNear))),
            is_option};
  }
  const size_t end = std::min(
      static_cast<size_t>(std::ranges::find_if_not(rest, is_name_character) - rest.begin()), rest.size());
  // A target of a bake file: `target "build" {`.
  const size_t next = rest.find_first_not_of("\" \t", end);
  if (next != std::string_view::npos && rest[next] == '{') return {};
  return {is_name_of(rest.substr(0, end), stage), is_option};
}

// The commands of a line from the first word on that is a program which builds or starts containers, whatever
// is before it: the `@` of a recipe, the `$` of a README, the key of a definition.
std::vector<shell::Command> container_commands(std::string_view line, text::Arena& texts) {
  constexpr std::string_view kPrograms[] = {"docker", "podman", "buildah", "nerdctl", "depot"};
  size_t begin = line.size();
  for (const std::string_view program : kPrograms)
    begin = std::min(begin, line.find(program));
  std::string_view script = line.substr(std::min(begin, line.size()));
  // A command in the text of a README.
  const bool in_backticks = begin > 0 && begin < line.size() && line[begin - 1] == '`';
  return shell::split(in_backticks ? script.substr(0, script.find('`')) : script, texts);
}

// The value of an option of a command, which may be given as one word or as two; nothing for another word.
std::optional<std::string_view> option_value(std::span<const shell::Word> words, size_t at,
                                             std::initializer_list<std::string_view> names) {
  const std::string_view word = words[at].text;
  for (const std::string_view name : names) {
    if (word == name) return at + 1 < words.size() ? words[at + 1].text : std::string_view();
    if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
      return word.substr(name.size() + 1);
  }
  return std::nullopt;
}

bool is_variable(std::string_view text) {
  return text.find_first_of("$%{`") != std::string_view::npos;
}

// Whether all outputs of a build say that it leaves nothing but its cache.
bool leaves_cache_alone(std::span<const shell::Word> words) {
  bool any = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].text == "--load" || words[i].text == "--push") return false;
    const auto output = option_value(words, i, {"--output", "-o"});
    if (output && *output != "type=cacheonly") return false;
    any = any || output;
  }
  return any;
}

// The name of an image without its tag and digest.
std::string_view without_tag(std::string_view reference) {
  const size_t slash = reference.rfind('/');
  const size_t colon = reference.find(':', slash == std::string_view::npos ? 0 : slash);
  return reference.substr(0, std::min(colon, reference.find('@')));
}

// The lines of the project that give images names, by name.
struct TaggingLine {
  const ProjectFile* file = nullptr;
  std::string_view line;
};
struct TaggingLines {
  std::map<std::string, std::vector<TaggingLine>, std::less<>> by_name;
};

const TaggingLines& tagging_lines(const lint::BuildContext& context, const ProjectFiles& files) {
  return context.shared<TaggingLines>([&] {
    TaggingLines lines;
    for (const auto& file : files.all) {
      for (const ProjectFile::Line& one : file->tags) {
        const std::string_view line = std::string_view(file->text).substr(one.begin, one.size);
        text::Arena texts;
        for (const shell::Command& command : container_commands(line, texts)) {
          for (size_t i = 0; i < command.words.size(); ++i) {
            if (const auto tag = option_value(command.words, i, {"-t", "--tag"}))
              lines.by_name[std::string(without_tag(*tag))].push_back({file.get(), line});
          }
        }
      }
    }
    return lines;
  });
}

// Tells the builds of this Dockerfile from those of others.
class Builds {
 public:
  Builds(lint::Dockerfile& dockerfile, const lint::BuildContext& context, const ProjectFiles& files)
      : files_(files), tagging_(tagging_lines(context, files).by_name), disk_(*context.file_system) {
    for (const std::string& folder : files.folders)
      add_name(folder);
    if (const project::Image* image = dockerfile.image()) {
      for (const auto* names : {&image->target.tags, &image->target.references, &image->target.repositories})
        std::ranges::for_each(*names, [&](const std::string& name) { add_name(name); });
    }
    if (dockerfile.path().empty()) return;
    add_name(text::parent_path(dockerfile.path()));
    real_ = disk_.real_path(dockerfile.path());
    for (const auto& file : files.all) {
      if (file->kind == ProjectFile::Kind::kCompose) add_services(*file);
    }
  }

  // Whether it builds the stage, as far as what it says is about this Dockerfile.
  bool builds(const ProjectFile& file, const plan::Stage& stage) const {
    bool by_key = false;
    for (const size_t at : file.targets) {
      const TargetWord found = target_at(file, at + kTarget.size(), stage);
      if (found.names && found.is_option && !is_elsewhere(file, line_at(file.text, at))) return true;
      by_key = by_key || (found.names && !found.is_option);
    }
    if (!by_key) return false;
    if (!file.is_yaml) return file.kind != ProjectFile::Kind::kManifest;
    if (file.kind == ProjectFile::Kind::kManifest && !says_docker(file.text)) return false;
    const project::yaml::Documents& read = file.documents();
    return !read.failures.empty() || std::ranges::any_of(read.values, [&](const project::yaml::Value& one) {
      return has_target(file, one, stage);
    });
  }

  // Whether a service of Compose is surely built from another Dockerfile, or not built.
  bool is_other_service(std::string_view name) const {
    const auto found = services_.find(name);
    return found != services_.end() && found->second.known && !found->second.ours;
  }

  // Whether the name of an image is one that the project gives to what it does not build from this
  // Dockerfile, or that of an official image.
  bool is_other_image(std::string_view reference) const {
    if (real_.empty() || reference.empty() || is_variable(reference)) return false;
    const TagPlaces tagged = tagged_by(reference);
    return !tagged.here && (tagged.elsewhere || lint::is_image(lint::ImageKind::kRootAtBuild, reference));
  }

  // Whether the name of an image is one that the project gives to what it builds from this Dockerfile, or is
  // that of the project itself. A variable may be any.
  bool is_own_image(std::string_view reference) const {
    if (reference.empty()) return false;
    if (is_variable(reference)) return true;
    const TagPlaces tagged = tagged_by(reference);
    if (tagged.here || tagged.elsewhere) return tagged.here;
    const std::string_view name = without_tag(reference);
    // A name alone that no official image has is that of an image which was built here.
    const bool is_local = name.find('/') == std::string_view::npos;
    return (is_local || own_names_.contains(text::base_name(name))) &&
           !lint::is_image(lint::ImageKind::kOfficial, reference) &&
           !lint::is_image(lint::ImageKind::kRootAtBuild, reference);
  }

 private:
  struct Service {
    bool known = false;  // some file says where it comes from
    bool ours = false;
  };

  // Whether a command of the project gives an image of this Dockerfile the name, or one of another.
  struct TagPlaces {
    bool here = false;
    bool elsewhere = false;
  };
  TagPlaces tagged_by(std::string_view reference) const {
    const auto [known, is_new] = tagged_.try_emplace(std::string(without_tag(reference)));
    TagPlaces& tagged = known->second;
    if (!is_new) return tagged;
    const auto lines = tagging_.find(known->first);
    if (lines == tagging_.end()) return tagged;
    for (const auto& [file, line] : lines->second)
      (is_elsewhere(*file, line) ? tagged.elsewhere : tagged.here) = true;
    return tagged;
  }

  void add_name(std::string_view path) { own_names_.emplace(text::base_name(without_tag(path))); }

  // Whether a Dockerfile, as a path from one of the folders, is known to be another one.
  bool is_other(std::string_view path, std::span<const std::string> folders) const {
    if (real_.empty() || is_variable(path) || path.find("://") != std::string_view::npos) return false;
    bool any = false;
    for (const std::string& folder : folders) {
      const std::string whole = text::join_path(folder, path);
      if (!disk_.exists(whole)) continue;
      if (disk_.real_path(whole) == real_) return false;
      any = true;
    }
    return any;
  }

  // Whether a line that builds an image surely does it from another Dockerfile, or leaves no image.
  bool is_elsewhere(const ProjectFile& file, std::string_view line) const {
    text::Arena texts;
    bool builds = false;
    for (const shell::Command& command : container_commands(line, texts)) {
      const std::span<const shell::Word> words = command.words;
      if (words.size() < 3 || (!shell::has_word(words, "build") && !shell::has_word(words, "b"))) continue;
      builds = true;
      if (!leaves_cache_alone(words) && !names_other(file, words)) return false;
    }
    return builds;
  }

  bool names_other(const ProjectFile& file, std::span<const shell::Word> words) const {
    const std::vector<std::string> folders = work_folders(file);
    for (size_t i = 0; i < words.size(); ++i) {
      if (const auto named = option_value(words, i, {"-f", "--file"})) return is_other(*named, folders);
    }
    const std::string_view last = words.back().text;
    const std::string_view before = words[words.size() - 2].text;
    // It may be the value of an option.
    if (last.starts_with('-') || (before.starts_with('-') && before.find('=') == std::string_view::npos))
      return false;
    return is_other(text::join_path(last, "Dockerfile"), folders);
  }

  // Where the commands of a file may work: in its folder or one around it, and anywhere if one changes it.
  std::vector<std::string> work_folders(const ProjectFile& file) const {
    constexpr std::string_view kChanges[] = {"cd ", "pushd", "-C ", "dir:", "directory", "cwd"};
    const bool changes = std::ranges::any_of(
        kChanges, [&](std::string_view word) { return file.text.find(word) != std::string::npos; });
    std::vector<std::string> folders{file.folder};
    std::ranges::copy_if(files_.folders, std::back_inserter(folders), [&](const std::string& folder) {
      return changes || text::is_within(file.folder, folder);
    });
    return folders;
  }

  // Whether `target` in one of its maps is the stage.
  bool has_target(const ProjectFile& file, const project::yaml::Value& value,
                  const plan::Stage& stage) const {
    const project::yaml::Value* target = value.find("target");
    if (target != nullptr && target->is_scalar() && is_name_of(target->text, stage) &&
        !is_other_build(file, value))
      return true;
    const auto has = [&](const project::yaml::Value& one) { return has_target(file, one, stage); };
    return std::ranges::any_of(value.items, has) ||
           std::ranges::any_of(value.members, has, &project::yaml::Member::value);
  }

  // Whether the map of a build names another Dockerfile, or leaves no image: `build` of Compose, `with` of
  // docker/build-push-action.
  bool is_other_build(const ProjectFile& file, const project::yaml::Value& build) const {
    if (const project::yaml::Value* outputs = build.find("outputs");
        outputs != nullptr && text::trim(outputs->text) == "type=cacheonly")
      return true;
    const project::yaml::Value* context = build.find("context");
    if (file.kind == ProjectFile::Kind::kCompose) return context != nullptr && is_other_compose(file, build);
    const project::yaml::Value* named = build.find("file");
    if (named != nullptr && named->is_scalar()) return is_other(named->text, files_.folders);
    return context != nullptr && context->is_scalar() && build.find("dockerfile") == nullptr &&
           is_other(text::join_path(context->text, "Dockerfile"), files_.folders);
  }

  bool is_other_compose(const ProjectFile& file, const project::yaml::Value& build) const {
    const project::yaml::Value* context = build.is_map() ? build.find("context") : &build;
    const project::yaml::Value* named = build.find("dockerfile");
    if (context == nullptr || !context->is_scalar() || build.find("dockerfile_inline") != nullptr ||
        is_variable(context->text))
      return false;
    const std::string path =
        text::join_path(context->text, named == nullptr ? std::string_view("Dockerfile") : named->text);
    return is_other(path, {&file.folder, 1});
  }

  void add_services(const ProjectFile& file) {
    for (const project::yaml::Value& document : file.documents().values) {
      const project::yaml::Value* services = document.find("services");
      if (services == nullptr || !services->is_map()) continue;
      for (const project::yaml::Member& service : services->members) {
        Service& known = services_[service.name];
        const project::yaml::Value* build = service.value.find("build");
        const project::yaml::Value* image = service.value.find("image");
        const bool is_extended = service.value.find("extends") != nullptr;
        const bool is_built = build != nullptr && !is_other_compose(file, *build);
        known.known = known.known || build != nullptr || image != nullptr;
        known.ours = known.ours || is_extended || is_built;
        if (is_built && image != nullptr && !image->text.empty()) add_name(image->text);
      }
    }
  }

  const ProjectFiles& files_;
  const std::map<std::string, std::vector<TaggingLine>, std::less<>>& tagging_;
  const context::FileSystem& disk_;
  std::string real_;  // this Dockerfile; empty where its path is not known: any build may be one of it
  std::map<std::string, Service, std::less<>> services_;
  mutable std::map<std::string, TagPlaces, std::less<>> tagged_;  // by names that were asked for
  std::set<std::string, std::less<>> own_names_;  // the last parts of names that its images may have
};

bool is_starter(std::string_view program) {
  return program.starts_with('$') || text::is_one_of(text::base_name(program), kStarters) ||
         program.starts_with("./") || program.ends_with(".sh");
}

bool has_program_of(std::string_view text, const PackageManager& manager) {
  return std::ranges::any_of(manager.programs,
                             [&](Words program) { return has_program(text, program.front()); });
}

// Whether what is started may be the package manager.
bool may_be(const StartCommands& started, const PackageManager& manager) {
  return started.by_tool || has_program_of(started.words, manager);
}

// Whether a service that is built, one with its image, or one that only changes another file's service has
// such a command.
bool has_service_that_starts(const Builds& builds, const ProjectFile& file, const PackageManager& manager) {
  constexpr std::string_view kCommands[] = {"command",    "entrypoint", "healthcheck",
                                            "post_start", "pre_stop",   "develop"};
  const auto is_there = [&](std::string_view name) { return file.text.find(name) != std::string::npos; };
  if (std::ranges::none_of(kCommands, is_there)) return false;
  for (const project::yaml::Value& document : file.documents().values) {
    const project::yaml::Value* services = document.find("services");
    if (services == nullptr || !services->is_map()) continue;
    const bool starts = std::ranges::any_of(services->members, [&](const project::yaml::Member& service) {
      const project::yaml::Value* image = service.value.find("image");
      const bool is_built = service.value.find("build") != nullptr || image == nullptr;
      if (!may_be(started_by(service.value, kCommands), manager)) return false;
      return is_built ? !builds.is_other_service(service.name) : builds.is_own_image(image->text);
    });
    if (starts) return true;
  }
  return false;
}

bool is_manifest_that_starts(const Builds& builds, const ProjectFile& file, const PackageManager& manager) {
  constexpr std::string_view kWords[] = {"image", "Image=", "container:"};
  const bool has_image = std::ranges::any_of(
      kWords, [&](std::string_view word) { return file.text.find(word) != std::string::npos; });
  // Those of fly.io are about the image of the project alone.
  if (!file.is_yaml) return (has_image || file.name.ends_with(".toml")) && has_program_of(file.text, manager);
  // Reading all manifests of a large repository takes longer than all else.
  const bool may_start_it =
      has_program_of(file.text, manager) || file.text.find('$') != std::string::npos ||
      file.text.find(".sh") != std::string::npos ||
      std::ranges::any_of(kStarters, [&](std::string_view tool) { return has_program(file.text, tool); });
  if (!has_image || !may_start_it) return false;
  return std::ranges::any_of(file.containers(), [&](const StartedContainer& one) {
    // An action that is built from the Dockerfile: its `args` replace CMD.
    return may_be(one.started, manager) && (one.image == "Dockerfile" || builds.is_own_image(one.image));
  });
}

// Where in its arguments `docker run` or `docker compose run` has the image or the service: the first that is
// not an option.
size_t find_started(std::span<const shell::Word> arguments) {
  constexpr std::string_view kAlone[] = {"-d",
                                         "-i",
                                         "-t",
                                         "-T",
                                         "-P",
                                         "-it",
                                         "-ti",
                                         "-dit",
                                         "-itd",
                                         "-q",
                                         "--detach",
                                         "--interactive",
                                         "--tty",
                                         "--rm",
                                         "--init",
                                         "--privileged",
                                         "--read-only",
                                         "--publish-all",
                                         "--no-deps",
                                         "--build",
                                         "--quiet",
                                         "--no-TTY",
                                         "--service-ports",
                                         "--use-aliases",
                                         "--remove-orphans",
                                         "--no-healthcheck",
                                         "--oom-kill-disable"};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i].text;
    if (!word.starts_with('-')) return i;
    const bool has_value = word.find('=') != std::string_view::npos ||
                           (word.size() > 2 && !word.starts_with("--") && !text::is_one_of(word, kAlone));
    if (!has_value && !text::is_one_of(word, kAlone)) ++i;
  }
  return arguments.size();
}

// Whether these arguments of `docker run` and the like start a tool which may start the package manager.
bool starts_tool(std::span<const shell::Word> arguments, size_t image) {
  for (size_t i = 0; i < std::min(image, arguments.size()); ++i) {
    if (const auto program = option_value(arguments, i, {"--entrypoint"})) return is_starter(*program);
  }
  if (image + 1 >= arguments.size()) return false;
  const std::string_view program = arguments[image + 1].text;
  if (!shell::is_posix_shell(program)) return is_starter(program);
  const auto rest = arguments.subspan(image + 2);
  // What a shell runs; a shell by itself is for a person.
  return std::ranges::any_of(rest, [](const shell::Word& word) {
    const std::string_view first = std::string_view(word.text).substr(0, word.text.find(' '));
    return is_starter(first);
  });
}

// Whether a line starts the package manager in a container of the project's own: `docker run app go test`.
bool runs_in_container(const Builds& builds, std::string_view line, const PackageManager& manager) {
  constexpr std::string_view kHow[] = {"run", "exec"};
  text::Arena texts;
  bool any = false;
  for (const shell::Command& command : container_commands(line, texts)) {
    const std::span<const shell::Word> words = command.words;
    const auto how = std::ranges::find_if(
        words, [&](const shell::Word& word) { return text::is_one_of(word.text, kHow); });
    if (how == words.end() || how == words.begin()) continue;
    any = true;
    const auto arguments = words.subspan(static_cast<size_t>(how - words.begin()) + 1);
    std::string given;
    for (const shell::Word& word : arguments)
      given.append(" ").append(word.text);
    const size_t image = find_started(arguments);
    if (!has_program_of(given, manager) && !starts_tool(arguments, image)) continue;
    const std::string_view started =
        image < arguments.size() ? std::string_view(arguments[image].text) : std::string_view();
    const bool of_compose = command.spelling.find("compose") != std::string_view::npos;
    const bool is_other = of_compose           ? builds.is_other_service(started)
                          : how->text == "run" ? builds.is_other_image(started)
                                               : false;
    if (!is_other) return true;
  }
  return !any && has_program_of(line, manager);
}

bool starts_in_container(const Builds& builds, const ProjectFile& file, const PackageManager& manager) {
  if (file.kind == ProjectFile::Kind::kDevcontainer) {
    const std::string lower = text::to_lower(file.text);
    return lower.find("\"dockerfile\"") != std::string::npos ||
           lower.find("\"dockercomposefile\"") != std::string::npos;
  }
  if (file.kind == ProjectFile::Kind::kCompose && has_service_that_starts(builds, file, manager)) return true;
  const bool is_manifest = file.kind == ProjectFile::Kind::kManifest ||
                           (file.kind == ProjectFile::Kind::kDefinition && file.is_yaml);
  if (is_manifest && is_manifest_that_starts(builds, file, manager)) return true;
  return std::ranges::any_of(file.starts, [&](const ProjectFile::Line& line) {
    return runs_in_container(builds, std::string_view(file.text).substr(line.begin, line.size), manager);
  });
}

bool has_file(const ProjectFiles& files, std::string_view path) {
  return std::ranges::any_of(files.all, [&](const auto& file) {
    return text::join_path(file->folder, text::base_name(file->name)) == path;
  });
}

// Of one Dockerfile.
struct OwnBuilds {
  std::optional<Builds> builds;
};

const Builds& builds_of(lint::Dockerfile& dockerfile, const lint::BuildContext& context) {
  auto& known = dockerfile.memory<OwnBuilds>().builds;
  if (!known) known.emplace(dockerfile, context, project_files(context));
  return *known;
}

}  // namespace

std::string builder_by_name(lint::Dockerfile& dockerfile, const plan::Stage& stage) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (const project::Image* image = dockerfile.image();
      image != nullptr && !image->target.target.empty() &&
      dockerfile.graph().find_stage(image->target.target) == &stage) {
    const std::string path = image->target.defined.empty() ? std::string() : image->origin().path;
    // What becomes of the image is in the file.
    const bool is_read = context != nullptr && !path.empty() &&
                         image->origin().kind == DefinitionKind::kWorkflow &&
                         has_file(project_files(*context), context->file_system->real_path(path));
    if (!is_read) return path.empty() ? image->target.name : std::string(text::base_name(path));
  }
  if (context == nullptr) return {};
  const auto& files = project_files(*context).all;
  const Builds& builds = builds_of(dockerfile, *context);
  const auto found =
      std::ranges::find_if(files, [&](const auto& file) { return builds.builds(*file, stage); });
  return found == files.end() ? std::string() : (*found)->name;
}

std::string starter_in_container(lint::Dockerfile& dockerfile, const PackageManager& manager) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return {};
  const auto& files = project_files(*context).all;
  const Builds& builds = builds_of(dockerfile, *context);
  const auto found = std::ranges::find_if(
      files, [&](const auto& file) { return starts_in_container(builds, *file, manager); });
  return found == files.end() ? std::string() : (*found)->name;
}

}  // namespace dcache::rules
