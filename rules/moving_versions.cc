#include "rules/moving_versions.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/words.h"
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

// Versions that the modules of a project of Maven have themselves: a SNAPSHOT among them is built here.
std::set<std::string, std::less<>> own_versions(std::span<const std::string> poms) {
  static const RE2 kBlocks(
      R"((?s)<(parent|dependencies|dependencyManagement|build|profiles|reporting)>.*?</(?:parent|dependencies|dependencyManagement|build|profiles|reporting)>)");
  static const RE2 kVersion(R"(<version>\s*([^<\s]+)\s*</version>)");
  static const RE2 kRevision(R"(<(?:revision|changelist)>\s*([^<\s]+)\s*</)");
  std::set<std::string, std::less<>> found;
  for (std::string pom : poms) {
    if (std::string revision = first_match(pom, kRevision); !revision.empty())
      found.insert(std::move(revision));
    RE2::GlobalReplace(&pom, kBlocks, "");
    if (std::string version = first_match(pom, kVersion); !version.empty()) found.insert(std::move(version));
  }
  return found;
}

// A SNAPSHOT of somebody else, or a range, in a pom.xml.
// Source: https://maven.apache.org/settings.html#repositories (updatePolicy),
// https://maven.apache.org/pom.html#dependency-version-requirement-specification
std::string moving_in_pom(std::string_view pom, const std::set<std::string, std::less<>>& own) {
  static const RE2 kSnapshot(R"(>\s*([\w.\-]+-SNAPSHOT)\s*<)");
  static const RE2 kOpen(R"(<version>\s*(LATEST|RELEASE|[\[(][^<]*,[^<]*[\])])\s*</version>)");
  re2::StringPiece rest = text::piece(pom);
  for (std::string version; RE2::FindAndConsume(&rest, kSnapshot, &version);) {
    if (!own.contains(version)) return version.substr(0, kLongestVersion);
  }
  static const RE2 kEnforced(
      R"((?s)<(?:requireMavenVersion|requireJavaVersion)>.*?</(?:requireMavenVersion|requireJavaVersion)>)");
  std::string others(pom);
  RE2::GlobalReplace(&others, kEnforced, "");
  return first_match(others, kOpen);
}

// A version in a build file of Gradle or sbt: "a:b:1.+", "latest.release", "1.0-SNAPSHOT" of a dependency.
// Source: https://docs.gradle.org/current/userguide/dependency_versions.html,
// https://get-coursier.io/docs/ttl
std::string moving_in_build_file(std::string_view text) {
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
  return found.empty() ? first_match(text, kSnapshot) : found;
}

// Source: https://learn.microsoft.com/nuget/concepts/package-versioning#floating-version-resolutions
std::string moving_in_msbuild(std::string_view text) {
  static const RE2 kFloating(R"(\bVersion(?:Override)?\s*=\s*["']\s*[\[(]?\s*((?:\d[\w.\-]*)?\*)[^"']*["'])");
  static const RE2 kElement(R"(<Version>\s*[\[(]?\s*((?:\d[\w.\-]*)?\*))");
  std::string found = first_match(text, kFloating);
  return found.empty() ? first_match(text, kElement) : found;
}

// The first version of the kind of the manifests of one package manager, by its name.
class MovingSearch {
 public:
  explicit MovingSearch(const lint::BuildContext& context) : context_(context) {}

  std::string in_maven() const {
    std::vector<std::string> poms;
    for (const context::Record* const record : context_.called("pom.xml")) {
      if (auto text = context_.read(record->path)) poms.push_back(*std::move(text));
    }
    const auto own = own_versions(poms);
    for (const std::string& pom : poms) {
      if (std::string found = moving_in_pom(pom, own); !found.empty()) return found + " in pom.xml";
    }
    return {};
  }

  template <typename Find>
  std::string in_files(const Find& find, const auto& is_manifest) const {
    for (const context::Record& record : context_.files.records()) {
      const std::string_view name = text::base_name(record.path);
      if (!is_manifest(name)) continue;
      const auto text = context_.read(record.path);
      const std::string found = text ? find(*text) : std::string();
      if (!found.empty()) return fmt::format("{} in {}", found, name);
    }
    return {};
  }

 private:
  const lint::BuildContext& context_;
};

std::string find_moving(const lint::BuildContext& context, std::string_view manager) {
  const MovingSearch search(context);
  if (manager == "maven") return search.in_maven();
  if (manager == "sbt")
    return search.in_files(moving_in_build_file,
                           [](std::string_view name) { return name.ends_with(".sbt"); });
  if (manager == "dotnet") {
    return search.in_files(moving_in_msbuild, [](std::string_view name) {
      return name.ends_with("proj") || name == "Directory.Packages.props" || name == "Directory.Build.props";
    });
  }
  if (manager != "gradle") return {};
  std::string found = search.in_files(moving_in_build_file, [](std::string_view name) {
    return name.ends_with(".gradle") || name.ends_with(".gradle.kts");
  });
  if (!found.empty()) return found;
  return search.in_files(moving_in_catalogue,
                         [](std::string_view name) { return name.ends_with(".versions.toml"); });
}

// By package manager, for all Dockerfiles of a context.
struct MovingVersions {
  std::map<std::string, std::string, std::less<>> by_manager;
};

MovingVersions find_all(const lint::BuildContext& context) {
  MovingVersions found;
  for (const std::string_view manager : {"maven", "gradle", "sbt", "dotnet"})
    found.by_manager.emplace(manager, find_moving(context, manager));
  return found;
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
  const auto& found = context->shared<MovingVersions>([&] { return find_all(*context); }).by_manager;
  return found.find(use.manager->name)->second;
}

}  // namespace dcache::rules
