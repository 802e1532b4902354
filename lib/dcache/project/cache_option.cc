#include "dcache/project/cache_option.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/plan/image.h"
#include "dcache/project/cache_entry.h"
#include "dcache/project/ci_text.h"
#include "dcache/project/hcl/csv.h"
#include "dcache/project/hcl/error.h"
#include "dcache/project/workflow_runner.h"
#include "dcache/text/suggest.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

using cache::CacheImport;
using Mode = CacheImport::Mode;

constexpr std::array<std::pair<std::string_view, Mode>, 4> kModes = {
    {{"none", Mode::kNone}, {"inline", Mode::kInline}, {"min", Mode::kMin}, {"max", Mode::kMax}}};
constexpr std::array<std::string_view, 5> kCacheWords = {"none", "inline", "min", "max", kDefinedImports};
// Source: https://docs.docker.com/build/cache/backends/
constexpr std::array<std::string_view, 6> kCacheTypes = {"registry", "gha", "local",
                                                         "inline",   "s3",  "azblob"};

// An attribute that says where a cache is.
struct PlaceAttribute {
  std::string_view name;
  std::string_view otherwise = {};  // what it is if it is not given
  bool may_be_outside = false;      // then the environment of the builder says it
};
// Those of a type; those of other types all count.
// Source: https://github.com/moby/buildkit#s3-cache-experimental and the sections next to it
struct CachePlace {
  std::string_view type;
  std::array<PlaceAttribute, 5> attributes;
};
constexpr std::array<CachePlace, 4> kPlaces = {
    {{"registry", {{{"ref"}}}},
     {"gha", {{{"scope", "buildkit"}}}},
     {"s3",
      {{{"bucket", "", true}, {"region", "", true}, {"endpoint_url"}, {"prefix"}, {"name", "buildkit"}}}},
     {"azblob",
      {{{"account_url", "", true}, {"container", "buildkit-cache"}, {"prefix"}, {"name", "buildkit"}}}}}};

// The value of such an attribute.
std::string place_value(const CacheOption& option, const PlaceAttribute& attribute) {
  const std::string_view given = option.attribute(attribute.name);
  const bool is_image = attribute.name == "ref" && given.find('$') == std::string_view::npos;
  if (is_image) return given.empty() ? "" : plan::normal_reference(given);
  return std::string(given.empty() ? attribute.otherwise : given);
}

// An export has several names if they are separated: "main;v2".
bool has_name(std::string_view names, std::string_view wanted) {
  while (true) {
    const size_t end = std::min(names.find(';'), names.size());
    if (names.substr(0, end) == wanted) return true;
    if (end == names.size()) return false;
    names.remove_prefix(end + 1);
  }
}

bool is_same_value(const PlaceAttribute& attribute, std::string_view one, std::string_view other) {
  if (attribute.may_be_outside && (one.empty() || other.empty())) return true;
  if (attribute.name == "name") return has_name(one, other) || has_name(other, one);
  return one == other;
}

std::optional<Mode> mode_named(std::string_view name) {
  const auto found = std::ranges::find(kModes, name, [](const auto& mode) { return mode.first; });
  return found == kModes.end() ? std::nullopt : std::optional(found->second);
}

// Empty for a text that is not a list.
std::vector<std::string> fields_of_option(std::string_view text) {
  try {
    return hcl::read_csv_fields(text);
  } catch (const hcl::Error&) {
    return {};
  }
}

// A local cache is read from `src` and written to `dest`.
std::string_view local_folder(const CacheOption& option) {
  const std::string_view source = option.attribute("src");
  return source.empty() ? option.attribute("dest") : source;
}

tl::unexpected<text::Failure> refused(std::string message, std::string remedy) {
  return tl::unexpected(
      text::Failure{.path = {}, .message = std::move(message), .remedy = std::move(remedy)});
}

// "ghcr.io/acme/api:latest", which docker build takes for type=registry,ref=ghcr.io/acme/api:latest. Without
// a slash it may be a MODE that is not written right.
bool is_reference(std::string_view text) {
  return text.find_first_of("=,") == std::string_view::npos && text.find('/') != std::string_view::npos;
}

std::string as_option(std::string_view reference) {
  return fmt::format("type=registry,ref={}", reference);
}

// The first attribute that is given twice; empty for none.
std::string repeated_attribute(std::string_view text) {
  std::set<std::string> names;
  for (const std::string& field : fields_of_option(text)) {
    std::string name = field.substr(0, field.find('='));
    if (!names.insert(name).second) return name;
  }
  return {};
}

// "type=gha,mode=max"
tl::expected<GivenImport, text::Failure> parse_import_option(std::string_view text) {
  if (const auto entries = cache_entries_of(text); !entries)
    return refused(entries.error(), "write type=TYPE,mode=MODE as for docker buildx build");
  if (const std::string name = repeated_attribute(text); !name.empty())
    return refused(fmt::format("'{}' has {}= twice", text, name), "keep one of them");
  const CacheOption option = read_cache_option(text);
  if (std::ranges::find(kCacheTypes, option.type) == kCacheTypes.end())
    return refused(
        fmt::format("type={} is not a type of cache", option.type),
        text::did_you_mean(option.type, kCacheTypes, "write registry, gha, local, inline, s3 or azblob"));
  const std::string_view mode = option.attribute("mode");
  if (option.type == "inline") {
    if (!mode.empty()) return refused("an inline cache has no mode", "remove mode=");
    return GivenImport{{.mode = Mode::kInline}};
  }
  if (option.attributes.contains("mode") && mode != "min" && mode != "max")
    return refused(fmt::format("mode={} is not a mode of a cache", mode), "write mode=min or mode=max");
  return GivenImport{{.mode = option.is_mode_max() ? Mode::kMax : Mode::kMin}, mode.empty()};
}

bool builds_same_files(const Image& a, const Image& b) {
  return a.build.dockerfile == b.build.dockerfile && a.build.dockerfile_text == b.build.dockerfile_text &&
         a.build.context == b.build.context && a.build.plan.build_args == b.build.plan.build_args;
}

CacheImport import_of(Mode mode, const Image& exporter, const Image& importer) {
  const std::string& stage = exporter.build.plan.target;
  return {.mode = mode, .stage = stage == importer.build.plan.target ? "" : stage};
}

bool is_pushed_as(const Image& image, std::string_view reference) {
  return std::ranges::any_of(image.target.tags, [&](const std::string& tag) {
    return plan::normal_reference(tag) == plan::normal_reference(reference);
  });
}

// The job of a workflow that has a line; null for none.
const yaml::Value* job_at(const yaml::Value& workflow, uint32_t line) {
  const yaml::Value* const jobs = workflow.find("jobs");
  const yaml::Value* found = nullptr;
  if (jobs == nullptr) return found;
  for (const yaml::Member& job : jobs->members) {
    if (job.place.line <= line) found = &job.value;
  }
  return found;
}

// Whether an image is built only by jobs of GitHub Actions whose machines are gone afterwards, with the
// folder that they export to.
bool is_lost_after_jobs(const Image& exporter, std::string_view folder) {
  bool any = false;
  for (const Origin& origin : exporter.target.defined) {
    if (origin.kind != DefinitionKind::kWorkflow) return false;
    const auto text = exporter.build.files->read(origin.path);
    const yaml::Documents documents = yaml::parse(text.value_or(""), origin.path);
    const yaml::Value* const job =
        documents.values.empty() ? nullptr : job_at(documents.values.front(), origin.line);
    // One that only calls another workflow, or an action that is called.
    if (job == nullptr || job->find("steps") == nullptr) continue;
    if (!is_on_hosted_runner(*job)) return false;
    const std::vector<KeptFolder> kept = folders_kept_after(*job);
    const KeptFolder* const keeps = find_kept(kept, folder);
    if (keeps != nullptr && keeps->content != KeptFolder::Content::kNothing) return false;
    any = true;
  }
  return any;
}

bool is_of_run(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

// The texts in quotes that an expression may choose: `${{ github.ref == 'x' && 'type=gha,mode=max' || '' }}`.
std::vector<std::string_view> literals_of(std::string_view expression) {
  std::vector<std::string_view> literals;
  for (size_t at = expression.find('\''); at != std::string_view::npos;) {
    const size_t end = expression.find('\'', at + 1);
    if (end == std::string_view::npos) break;
    literals.push_back(expression.substr(at + 1, end - at - 1));
    at = expression.find('\'', end + 1);
  }
  return literals;
}

// What a definition gives for a cache, as far as it says that.
struct PossibleCaches {
  std::vector<CacheOption> options;
  bool is_sure = true;  // it is the only one of `options`
};
PossibleCaches read_possible_caches(std::string_view text) {
  if (!text.starts_with('$')) return {{read_cache_option(text)}};
  PossibleCaches possible{.options = {}, .is_sure = false};
  for (const std::string_view literal : literals_of(text)) {
    CacheOption option = read_cache_option(literal);
    if (std::ranges::find(kCacheTypes, option.type) != kCacheTypes.end() && literal.starts_with("type="))
      possible.options.push_back(std::move(option));
  }
  return possible;
}

// The length of the variable or expression that a text starts with: "$TAG", "${TAG}", "${{ github.ref }}".
size_t size_of_variable(std::string_view text) {
  if (const size_t size = expression_size(text)) return size;
  if (text.starts_with("${")) return std::min(text.find('}'), text.size() - 1) + 1;
  const auto end = std::find_if(text.begin() + 1, text.end(), [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  });
  return static_cast<size_t>(end - text.begin());
}

// How many characters two texts have in common at their beginnings, with whole variables only.
size_t common_size(std::string_view a, std::string_view b) {
  size_t at = 0;
  while (at < std::min(a.size(), b.size()) && a[at] == b[at]) {
    const size_t size = a[at] == '$' ? size_of_variable(a.substr(at)) : 1;
    if (size > 1 && (size_of_variable(b.substr(at)) != size || a.substr(at, size) != b.substr(at, size)))
      break;
    at += size;
  }
  return at;
}

// Whether two texts may be the same in a run.
bool may_be_same_text(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a == b;
  const size_t common = common_size(a, b);
  a.remove_prefix(common);
  b.remove_prefix(common);
  const size_t known = std::min({a.find('$'), b.find('$'), a.size(), b.size()});
  return a == b || ((is_of_run(a) || is_of_run(b)) && a.substr(0, known) == b.substr(0, known));
}

// Whether nothing is known of a cache: `${{ vars.CACHE }}` reads like the reference of an image.
bool is_open(const CacheOption& option) {
  if (is_of_run(option.type)) return true;
  const std::string_view reference = option.attribute("ref");
  return option.type == "registry" && reference.starts_with('$') &&
         size_of_variable(reference) == reference.size();
}

// Whether an attribute that only a run knows may make the places of two caches the same.
bool may_be_one_place(const CacheOption& one, const CacheOption& other) {
  if (one.type != other.type) return false;
  if (one.type == "local") return may_be_same_text(local_folder(one), local_folder(other));
  const auto place = std::ranges::find(kPlaces, one.type, &CachePlace::type);
  return one.is_same_place(other) ||
         (place != kPlaces.end() &&
          std::ranges::all_of(place->attributes, [&](const PlaceAttribute& attribute) {
            // A name that is given is not the default of a run.
            const std::string_view a = one.attribute(attribute.name), b = other.attribute(attribute.name);
            return is_same_value(attribute, place_value(one, attribute), place_value(other, attribute)) ||
                   may_be_same_text(a, b);
          }));
}

// How much an export stores; of a mode that only a run knows, the most that it may be.
Mode mode_of(const CacheOption& to) {
  const std::string_view mode = to.attribute("mode");
  const bool may_be_max = is_of_run(mode) && mode.find("'max'") != std::string_view::npos;
  return to.is_mode_max() || may_be_max ? Mode::kMax : Mode::kMin;
}

// What one image exports to where `source` imports from.
struct CacheExport {
  std::optional<CacheImport> import;
  bool is_sure = true;
  std::string open;  // a `cache-to` of which only a run knows whether it exports that
};

CacheExport exported_by(const Image& exporter, const PossibleCaches& sources, const Image& importer) {
  const auto has_inline_argument = [&] {
    return exporter.build.plan.build_args.contains("BUILDKIT_INLINE_CACHE");
  };
  CacheExport possible;
  for (const CacheOption& source : sources.options) {
    bool exports_inline = has_inline_argument();
    for (const std::string& text : exporter.target.cache_to) {
      const PossibleCaches targets = read_possible_caches(text);
      if (targets.options.empty()) possible.open = text;
      for (const CacheOption& to : targets.options) {
        if (to.type == "inline") exports_inline = true;
        if (is_open(to) && !to.is_same_place(source)) possible.open = text;
        if (to.type == "inline" || !may_be_one_place(to, source)) continue;
        if (to.type == "local" && is_lost_after_jobs(exporter, to.attribute("dest"))) continue;
        const bool is_sure = sources.is_sure && targets.is_sure && to.is_same_place(source) &&
                             !is_of_run(to.attribute("mode"));
        CacheExport exported{import_of(mode_of(to), exporter, importer), is_sure, is_sure ? "" : text};
        if (is_sure) return exported;
        if (!possible.import) possible = std::move(exported);
      }
    }
    const bool is_its_image = source.type == "registry" && is_pushed_as(exporter, source.attribute("ref"));
    if (exports_inline && is_its_image)
      return {import_of(Mode::kInline, exporter, importer), sources.is_sure, {}};
  }
  return possible;
}

// Whether only a run knows what an image exports, or whether it does.
bool has_unknown_exports(const Image& image) {
  return image.target.cache_to.empty() &&
         std::ranges::find(image.target.unknown, "cache-to", &UnknownAttribute::attribute) !=
             image.target.unknown.end();
}

// What the definition of an image exports, of all images that have the same files.
struct FoundExports {
  std::vector<CacheImport> sure;
  std::vector<CacheImport> possible;
  std::string open;      // the first `cache-to` that may export it
  bool is_open = false;  // there is one, or a build of which nobody knows what it exports
};
FoundExports find_exports(const Project& project, const Image& image, const PossibleCaches& sources) {
  FoundExports found;
  for (const Image& other : project.images) {
    if (!builds_same_files(other, image)) continue;
    CacheExport exported = exported_by(other, sources, image);
    if (found.open.empty()) found.open = exported.open;
    found.is_open = found.is_open || !exported.open.empty() || has_unknown_exports(other);
    if (exported.import) (exported.is_sure ? found.sure : found.possible).push_back(*exported.import);
  }
  return found;
}

// What is to be said of a cache that is imported, and that no build surely exports.
std::string note_on_exports(const std::string& text, const PossibleCaches& sources,
                            const FoundExports& found) {
  if (!found.possible.empty() && !sources.is_sure)
    return fmt::format("only a run knows whether {} is imported: this assumes that it is, and was exported",
                       text);
  if (!found.possible.empty())
    return fmt::format("{} is imported; only a run knows whether {} exports it: this assumes that it did",
                       text, found.open);
  if (found.is_open || sources.options.empty() || std::ranges::any_of(sources.options, is_open))
    return fmt::format(
        "{} is imported; only a run knows whether a build of this repository exports it: this assumes that "
        "none did",
        text);
  const bool is_local =
      std::ranges::all_of(sources.options, [](const CacheOption& source) { return source.type == "local"; });
  return is_local ? fmt::format(
                        "{} is imported, but no build of this repository exports it to a folder that is kept "
                        "after the job",
                        text)
                  : fmt::format("{} is imported, but no build of this repository exports it", text);
}

}  // namespace

std::string_view CacheOption::attribute(std::string_view name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string_view() : std::string_view(found->second);
}

bool CacheOption::is_same_place(const CacheOption& other) const {
  if (type != other.type) return false;
  if (type == "local") return local_folder(*this) == local_folder(other);
  const auto place = std::ranges::find(kPlaces, type, &CachePlace::type);
  if (place == kPlaces.end()) return attributes == other.attributes;
  return std::ranges::all_of(place->attributes, [&](const PlaceAttribute& attribute) {
    return is_same_value(attribute, place_value(*this, attribute), place_value(other, attribute));
  });
}

std::string CacheOption::place() const {
  const auto found = std::ranges::find(kPlaces, type, &CachePlace::type);
  if (found == kPlaces.end()) return {};
  std::string place = type;
  for (const PlaceAttribute& attribute : found->attributes) {
    if (attribute.name.empty()) continue;
    const std::string value = place_value(*this, attribute);
    const bool is_needed =
        attribute.name == "ref" || attribute.name == "bucket" || attribute.name == "account_url";
    if (is_needed && value.empty()) return {};
    place += ' ' + value;
  }
  return place;
}

Stored stores_what_is_read(std::string_view cache_to, std::string_view cache_from) {
  const PossibleCaches targets = read_possible_caches(cache_to), sources = read_possible_caches(cache_from);
  const auto is_any_open = [](const PossibleCaches& caches) {
    return caches.options.empty() || std::ranges::any_of(caches.options, is_open);
  };
  Stored stored = is_any_open(targets) || is_any_open(sources) ? Stored::kOnlyARunKnows : Stored::kNo;
  for (const CacheOption& to : targets.options) {
    for (const CacheOption& from : sources.options) {
      if (!may_be_one_place(to, from)) continue;
      const bool is_sure = targets.is_sure && sources.is_sure && to.is_same_place(from);
      if (is_sure) return Stored::kYes;
      stored = Stored::kOnlyARunKnows;
    }
  }
  return stored;
}

CacheOption read_cache_option(std::string_view text) {
  CacheOption option;
  for (const std::string& field : fields_of_option(text)) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos) return {.type = "registry", .attributes = {{"ref", std::string(text)}}};
    if (field.substr(0, equals) == "type") {
      option.type = field.substr(equals + 1);
    } else {
      option.attributes.insert_or_assign(field.substr(0, equals), field.substr(equals + 1));
    }
  }
  return option;
}

tl::expected<GivenImport, text::Failure> parse_cache_import(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (const auto mode = mode_named(name)) {
    const std::string_view stage = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    if (!stage.empty() && mode == Mode::kNone)
      return refused(fmt::format("'{}' names a stage of no cache", text), "write none, without a stage");
    if (colon == std::string_view::npos || !stage.empty())
      return GivenImport{{.mode = *mode, .stage = std::string(stage)}};
  }
  if (is_reference(text)) return parse_import_option(as_option(text));
  if (text.find('=') == std::string_view::npos)
    return refused(fmt::format("'{}' is not a kind of cache", text),
                   text::did_you_mean(name, kCacheWords,
                                      "write none, inline, min or max, with :STAGE for the cache of another "
                                      "stage; defined for what the definition of the image imports; or "
                                      "type=TYPE,mode=MODE as for docker buildx build"));
  return parse_import_option(text);
}

DefinedImports defined_imports(const Project& project, const Image& image) {
  DefinedImports result;
  if (image.target.cache_from.empty()) result.notes.emplace_back("its definition imports no cache");
  for (const std::string& text : image.target.cache_from) {
    const PossibleCaches sources = read_possible_caches(text);
    const FoundExports found = find_exports(project, image, sources);
    for (const CacheImport& import : found.sure.empty() ? found.possible : found.sure) {
      if (std::ranges::find(result.imports, import) == result.imports.end()) result.imports.push_back(import);
    }
    if (found.sure.empty()) result.notes.push_back(note_on_exports(text, sources, found));
  }
  if (result.imports.empty()) result.imports.push_back({.mode = Mode::kNone});
  for (const Origin& other : image.target.other_imports)
    result.notes.push_back(
        fmt::format("{}:{} imports other caches, which do not count here", other.path, other.line));
  return result;
}

tl::expected<ImportNotes, text::Failure> import_caches(Project& project, const std::vector<size_t>& indexes,
                                                       const std::vector<std::string>& texts) {
  ImportNotes notes;
  if (texts.empty()) return notes;
  std::vector<CacheImport> given;
  for (const std::string& text : texts) {
    if (text == kDefinedImports) continue;
    auto read = parse_cache_import(text);
    if (!read) return tl::unexpected(std::move(read.error()));
    if (read->mode_is_assumed)
      notes.assumed.push_back(fmt::format(
          "{} does not say how the cache was exported: mode=min is assumed; add mode=max if it was",
          is_reference(text) ? as_option(text) : text));
    given.push_back(std::move(read->import));
  }
  const bool as_defined = std::ranges::find(texts, kDefinedImports) != texts.end();
  for (const size_t index : indexes) {
    Image& image = project.images[index];
    image.build.cache_from = given;
    if (!as_defined) continue;
    DefinedImports defined = defined_imports(project, image);
    for (const std::string& note : defined.notes)
      notes.warnings.push_back(fmt::format("{}: {}", image.target.name, note));
    std::ranges::move(defined.imports, std::back_inserter(image.build.cache_from));
  }
  return notes;
}

std::optional<text::Failure> wrong_import(const cache::BuildOptions& build, const plan::Graph& graph) {
  for (const CacheImport& import : build.cache_from) {
    if (import.stage.empty() || graph.find_stage(import.stage) != nullptr) continue;
    std::vector<std::string> labels;
    for (const plan::Stage& stage : graph.stages)
      labels.push_back(stage.label());
    return text::Failure{.path = {},
                         .message = fmt::format("{} has no stage '{}'", build.dockerfile, import.stage),
                         .remedy = "its stages are " + text::list_words(labels)};
  }
  return std::nullopt;
}

}  // namespace dcache::project
