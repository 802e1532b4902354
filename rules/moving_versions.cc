#include "rules/moving_versions.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/words.h"
#include "rules/comments.h"
#include "rules/likely_context.h"
#include "rules/lock_files.h"

namespace dcache::rules {
namespace {

constexpr size_t kLongestVersion = 40;

// The first version of a text that a pattern captures; empty for none.
std::string first_match(std::string_view text, const RE2& pattern) {
  std::string found;
  return RE2::PartialMatch(text::piece(text), pattern, &found) && found.size() <= kLongestVersion
             ? found
             : std::string();
}

// Elements of a pom.xml.
const RE2& group_element() {
  static const RE2 kGroup(R"(<groupId>\s*([^<\s]+)\s*</groupId>)");
  return kGroup;
}
const RE2& version_element() {
  static const RE2 kVersion(R"(<version>\s*([^<\s]+)\s*</version>)");
  return kVersion;
}

// Versions that the modules of a project of Maven have themselves: a SNAPSHOT among them is built here.
struct OwnModules {
  std::set<std::string, std::less<>> versions;
  std::set<std::string, std::less<>> groups;
  std::map<std::string, std::string, std::less<>> properties;  // values by name
};

OwnModules own_modules(std::span<const std::string> poms) {
  static const RE2 kBlocks(
      R"((?s)<(parent|dependencies|dependencyManagement|build|profiles|reporting)>.*?</(?:parent|dependencies|dependencyManagement|build|profiles|reporting)>)");
  static const RE2 kRevision(R"(<(?:revision|changelist)>\s*([^<\s]+)\s*</)");
  static const RE2 kParent(R"((?s)<parent>(.*?)</parent>)");
  static const RE2 kProperties(R"((?s)<properties>(.*?)</properties>)");
  static const RE2 kProperty(R"(<([\w.\-]+)>\s*([^<]*?)\s*</)");
  OwnModules found;
  for (std::string pom : poms) {
    if (std::string revision = first_match(pom, kRevision); !revision.empty())
      found.versions.insert(std::move(revision));
    std::string parent, group;
    RE2::PartialMatch(pom, kParent, &parent);
    re2::StringPiece rest = pom;
    for (re2::StringPiece block; RE2::FindAndConsume(&rest, kProperties, &block);) {
      for (std::string name, value; RE2::FindAndConsume(&block, kProperty, &name, &value);)
        found.properties.emplace(name, value);
    }
    RE2::GlobalReplace(&pom, kBlocks, "");
    if (std::string version = first_match(pom, version_element()); !version.empty())
      found.versions.insert(std::move(version));
    if (RE2::PartialMatch(pom, group_element(), &group) || RE2::PartialMatch(parent, group_element(), &group))
      found.groups.insert(group);
  }
  return found;
}

// A version that a part of a pom.xml takes from a property, if that is a range; or a SNAPSHOT with the
// project's own version, but of another group.
std::string moving_in_parts(std::string_view pom, const OwnModules& own) {
  static const RE2 kPart(
      R"((?s)<(?:dependency|plugin|extension|path)>(.*?)</(?:dependency|plugin|extension|path)>)");
  static const RE2 kRange(R"(^[\[(].*,.*[\])]$)");
  static const RE2 kReference(R"(^\$\{([^}]+)\}$)");
  re2::StringPiece rest = text::piece(pom), part;
  while (RE2::FindAndConsume(&rest, kPart, &part)) {
    std::string group, version, name;
    RE2::PartialMatch(part, group_element(), &group);
    if (!RE2::PartialMatch(part, version_element(), &version)) continue;
    const bool referred = RE2::FullMatch(version, kReference, &name);
    if (const auto known = own.properties.find(name); referred && known != own.properties.end())
      version = known->second;
    if (version.size() > kLongestVersion) continue;
    if (referred && RE2::FullMatch(version, kRange)) return version;
    const bool is_own = group.empty() || group.starts_with('$') || own.groups.contains(group);
    if (version.ends_with("-SNAPSHOT") && !is_own) return version;
  }
  return {};
}

// A SNAPSHOT of somebody else, or a range, in a pom.xml.
// Source: https://maven.apache.org/settings.html#repositories (updatePolicy),
// https://maven.apache.org/pom.html#dependency-version-requirement-specification
std::string moving_in_pom(std::string_view pom, const OwnModules& own) {
  static const RE2 kSnapshot(R"(>\s*([\w.\-]+-SNAPSHOT)\s*<)");
  static const RE2 kOpen(R"(<version>\s*(LATEST|RELEASE|[\[(][^<]*,[^<]*[\])])\s*</version>)");
  re2::StringPiece rest = text::piece(pom);
  for (std::string version; RE2::FindAndConsume(&rest, kSnapshot, &version);) {
    if (!own.versions.contains(version)) return version.substr(0, kLongestVersion);
  }
  if (std::string found = moving_in_parts(pom, own); !found.empty()) return found;
  static const RE2 kEnforced(
      R"((?s)<(?:requireMavenVersion|requireJavaVersion)>.*?</(?:requireMavenVersion|requireJavaVersion)>)");
  std::string others(pom);
  RE2::GlobalReplace(&others, kEnforced, "");
  return first_match(others, kOpen);
}

// A version in a build file of Gradle or sbt: "a:b:1.+", "latest.release", "1.0-SNAPSHOT" of a dependency.
// Source: https://docs.gradle.org/current/userguide/dependency_versions.html,
// https://get-coursier.io/docs/ttl
std::string moving_in_build_file(std::string_view source) {
  const std::string text = without_code_comments(source);
  static const RE2 kCoordinates(
      R"(["'][\w.\-]+:[\w.\-]+:([^"':]*(?:\+|latest\.\w+|-SNAPSHOT))(?:[:@][^"']*)?["'])");
  static const RE2 kVersion(
      R"((?m)^[^/#\n]*?(?:%\s*|\bversion(?:\.ref)?\s*[=(:]?\s*|=\s*)["']((?:\d[\w.\-]*\.)?\+|latest\.\w+)["'])");
  static const RE2 kLater(R"(%\s*["']([\w.\-]+-SNAPSHOT)["'])");
  static const RE2 kChanging(R"(\b((?:isChanging|changing)\s*[=:]\s*true)\b)");
  for (const RE2* pattern : {&kCoordinates, &kVersion, &kLater, &kChanging}) {
    if (std::string found = first_match(text, *pattern); !found.empty()) return found;
  }
  return {};
}

// A version catalogue of Gradle, where the project's own version is not.
std::string moving_in_catalogue(std::string_view text) {
  static const RE2 kSnapshot(R"(["']([\w.\-]+-SNAPSHOT)["'])");
  std::string found = moving_in_build_file(text);
  return found.empty() ? first_match(without_code_comments(text), kSnapshot) : found;
}

// The last part of the names that build files take the project's own version from: "appVersion" of `version =
// project.appVersion`.
using OwnNames = std::set<std::string, std::less<>>;

void add_own_names(std::string_view source, OwnNames& names) {
  static const RE2 kLine(R"((?m)^[^\n/#]*?\bversion\b\s*(?::?=|\(|\s)([^\n]*)$)"), kName(R"((\w+))");
  re2::StringPiece rest = text::piece(source);
  for (re2::StringPiece line; RE2::FindAndConsume(&rest, kLine, &line);) {
    for (std::string name; RE2::FindAndConsume(&line, kName, &name);)
      names.insert(name);
  }
}

// A property that is `1.+`, `latest.release`, or a SNAPSHOT of somebody else.
// Source: https://docs.gradle.org/current/userguide/build_environment.html#sec:project_properties
std::string moving_in_properties(std::string_view text, const OwnNames& own) {
  static const RE2 kProperty(R"((?m)^[ \t]*([\w.\-]+)[ \t]*[=:][ \t]*(\S+)[ \t]*$)");
  static const RE2 kOpen(R"((?:\d[\w.\-]*\.)?\+|latest\.\w+)");
  constexpr std::string_view kOwn[] = {"version", "VERSION_NAME"};
  re2::StringPiece rest = text::piece(text);
  for (std::string name, value; RE2::FindAndConsume(&rest, kProperty, &name, &value);) {
    if (value.size() > kLongestVersion) continue;
    const bool is_own = text::is_one_of(name, kOwn) || own.contains(name);
    if (RE2::FullMatch(value, kOpen) || (value.ends_with("-SNAPSHOT") && !is_own)) return value;
  }
  return {};
}

// Code of a build in Scala, Kotlin or Java: values with a SNAPSHOT too.
std::string moving_in_code(std::string_view source, const OwnNames& own) {
  static const RE2 kValue(R"re(\b(\w+)\s*(?::\s*String\s*)?:?=\s*"([\w.\-]+-SNAPSHOT)")re");
  if (std::string found = moving_in_build_file(source); !found.empty()) return found;
  const std::string text = without_code_comments(source);
  re2::StringPiece rest = text;
  for (std::string name, value; RE2::FindAndConsume(&rest, kValue, &name, &value);) {
    if (name != "version" && !own.contains(name) && value.size() <= kLongestVersion) return value;
  }
  return {};
}

// Source: https://learn.microsoft.com/nuget/concepts/package-versioning#floating-version-resolutions
std::string moving_in_msbuild(std::string_view source) {
  const std::string text = without_xml_comments(std::string(source));
  static const RE2 kFloating(R"(\bVersion(?:Override)?\s*=\s*["']\s*[\[(]?\s*((?:\d[\w.\-]*)?\*)[^"']*["'])");
  static const RE2 kElement(R"(<Version>\s*[\[(]?\s*((?:\d[\w.\-]*)?\*))");
  std::string found = first_match(text, kFloating);
  return found.empty() ? first_match(text, kElement) : found;
}

// One in a file of the project, by its path in the context.
struct MovingVersion {
  std::string version;
  std::string path;
};

// The versions of the kind of the manifests of one package manager, by its name.
class MovingSearch {
 public:
  explicit MovingSearch(const lint::BuildContext& context) : context_(context) {}

  std::vector<MovingVersion> in_maven() const {
    std::vector<std::string> poms, paths;
    for (const context::Record* const record : context_.called("pom.xml")) {
      if (auto text = context_.read(record->path)) {
        poms.push_back(without_xml_comments(*std::move(text)));
        paths.push_back(record->path);
      }
    }
    const OwnModules own = own_modules(poms);
    std::vector<MovingVersion> all;
    for (size_t i = 0; i < poms.size(); ++i) {
      if (std::string found = moving_in_pom(poms[i], own); !found.empty())
        all.push_back({std::move(found), paths[i]});
    }
    return all;
  }

  template <typename Find>
  void add_files(const Find& find, const auto& is_manifest, std::vector<MovingVersion>& all) const {
    for (const context::Record& record : context_.files.records()) {
      if (!is_manifest(record.path)) continue;
      const auto text = context_.read(record.path);
      std::string found = text ? find(*text) : std::string();
      if (!found.empty()) all.push_back({std::move(found), std::string(record.path)});
    }
  }

  // The names that the build files take the project's own version from.
  OwnNames own_names(const auto& is_build_file) const {
    OwnNames names;
    for (const context::Record& record : context_.files.records()) {
      if (!is_build_file(record.path)) continue;
      if (const auto text = context_.read(record.path)) add_own_names(without_code_comments(*text), names);
    }
    return names;
  }

 private:
  const lint::BuildContext& context_;
};

// Whether a path has the folder as one of its parts.
bool is_in_folder(std::string_view path, std::string_view folder) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part == folder && part.size() < path.size()) return true;
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return false;
}

std::vector<MovingVersion> moving_in_sbt(const MovingSearch& search) {
  const auto is_build = [](std::string_view path) { return path.ends_with(".sbt"); };
  const auto is_code = [](std::string_view path) {
    return path.ends_with(".scala") && text::base_name(text::parent_path(path)) == "project";
  };
  std::vector<MovingVersion> found;
  search.add_files(moving_in_build_file, is_build, found);
  const OwnNames own =
      search.own_names([&](std::string_view path) { return is_build(path) || is_code(path); });
  search.add_files([&](std::string_view text) { return moving_in_code(text, own); }, is_code, found);
  return found;
}

std::vector<MovingVersion> moving_in_gradle(const MovingSearch& search) {
  const auto is_build = [](std::string_view path) {
    return path.ends_with(".gradle") || path.ends_with(".gradle.kts");
  };
  const auto is_catalogue = [](std::string_view path) { return path.ends_with(".versions.toml"); };
  const auto is_code = [](std::string_view path) {
    const bool is_source = path.ends_with(".kt") || path.ends_with(".java") || path.ends_with(".groovy");
    return is_source && (is_in_folder(path, "buildSrc") || is_in_folder(path, "build-logic"));
  };
  const auto is_properties = [](std::string_view path) {
    return text::base_name(path) == "gradle.properties";
  };
  std::vector<MovingVersion> found;
  search.add_files(moving_in_build_file, is_build, found);
  search.add_files(moving_in_catalogue, is_catalogue, found);
  const OwnNames own = search.own_names(is_build);
  search.add_files([&](std::string_view text) { return moving_in_properties(text, own); }, is_properties,
                   found);
  search.add_files([&](std::string_view text) { return moving_in_code(text, own); }, is_code, found);
  return found;
}

std::vector<MovingVersion> find_moving(const lint::BuildContext& context, std::string_view manager) {
  const MovingSearch search(context);
  if (manager == "maven") return search.in_maven();
  if (manager == "sbt") return moving_in_sbt(search);
  if (manager == "gradle") return moving_in_gradle(search);
  std::vector<MovingVersion> found;
  const auto is_project = [](std::string_view path) {
    const std::string_view name = text::base_name(path);
    return name.ends_with("proj") || name == "Directory.Packages.props" || name == "Directory.Build.props";
  };
  if (manager == "dotnet") search.add_files(moving_in_msbuild, is_project, found);
  return found;
}

// By package manager, for all Dockerfiles of a context.
struct MovingVersions {
  std::map<std::string, std::vector<MovingVersion>, std::less<>> by_manager;
  std::string parts;  // the files that list what belongs to a build, one after the other
};

MovingVersions find_all(const lint::BuildContext& context) {
  MovingVersions found;
  for (const std::string_view manager : {"maven", "gradle", "sbt", "dotnet"})
    found.by_manager.emplace(manager, find_moving(context, manager));
  constexpr std::string_view kLists[] = {"settings.gradle", "settings.gradle.kts", "build.sbt"};
  static const RE2 kModule(R"(<module>\s*([^<]*?)\s*</module>)");
  for (const context::Record& record : context.files.records()) {
    const std::string_view name = text::base_name(record.path);
    const bool lists = text::is_one_of(name, kLists) || name.ends_with(".sln") || name.ends_with(".slnx");
    if (!lists && name != "pom.xml") continue;
    const auto text = context.read(record.path);
    if (!text) continue;
    if (lists) found.parts += without_code_comments(*text) + "\n";
    re2::StringPiece rest = *text;
    for (std::string module; RE2::FindAndConsume(&rest, kModule, &module);)
      found.parts += module + "\n";
  }
  return found;
}

// The folder of an example or of files for tests that a path is in; empty for none.
std::string_view side_folder(std::string_view path) {
  static const RE2 kSide(R"((?:^|/)(src/(?:test/resources|it)|examples?|samples?|fixtures|testdata)/)");
  re2::StringPiece found;
  return RE2::PartialMatch(text::piece(path), kSide, &found) ? std::string_view(found.data(), found.size())
                                                             : std::string_view();
}

// The first of some that the build of a Dockerfile may read; null for none.
const MovingVersion* first_built(const std::vector<MovingVersion>& all, std::string_view dockerfile,
                                 std::string_view parts) {
  const auto is_built = [&](const MovingVersion& one) {
    const std::string_view side = side_folder(one.path);
    return side.empty() || dockerfile.find(side) != std::string_view::npos ||
           parts.find(side) != std::string_view::npos;
  };
  const auto found = std::ranges::find_if(all, is_built);
  return found == all.end() ? nullptr : &*found;
}

// Whether an option makes it ask for the newest each time, or a lock file decides.
bool asks_each_time(const Use& use) {
  constexpr std::string_view kOptions[] = {"-U", "--update-snapshots", "--refresh-dependencies",
                                           "--locked-mode", "--force-evaluate"};
  return std::ranges::any_of(use.command->words,
                             [&](const shell::Word& word) { return text::is_one_of(word.text, kOptions); });
}

// Whether it takes what its cache has without asking, and no lock file says which version that is.
bool prefers_cache(const Use& use) {
  return shell::has_word(use.command->words, "--prefer-offline") && needed_locks(use, use.step).empty();
}

}  // namespace

std::string moving_version_of(lint::Dockerfile& dockerfile, const Use& use) {
  if (prefers_cache(use)) return "--prefer-offline without a lock file that decides";
  const lint::BuildContext* const context = likely_context(dockerfile);
  constexpr std::string_view kManagers[] = {"maven", "gradle", "sbt", "dotnet"};
  if (context == nullptr || !text::is_one_of(use.manager->name, kManagers) || asks_each_time(use)) return {};
  const bool locked = (use.manager->name == "gradle" && holds_any(*context, "gradle.lockfile")) ||
                      (use.manager->name == "dotnet" && holds_any(*context, "packages.lock.json"));
  if (locked) return {};
  const auto& found = context->shared<MovingVersions>([&] { return find_all(*context); });
  const MovingVersion* const built =
      first_built(found.by_manager.find(use.manager->name)->second, dockerfile.file().source(), found.parts);
  return built == nullptr ? std::string() : fmt::format("{} in {}", built->version, built->path);
}

}  // namespace dcache::rules
