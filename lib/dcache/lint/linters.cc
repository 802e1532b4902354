#include "dcache/lint/linters.h"

#include <filesystem>
#include <utility>

#include "dcache/context/boundary.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::lint {
namespace {

namespace fs = std::filesystem;

cache::Failure failure_of(const std::string& path, ConfigError error) {
  return {path, error.line, error.column, std::move(error.message), std::move(error.remedy)};
}

// The path of a file from the folder of a configuration.
std::string place_from(const std::string& config, const std::string& file) {
  const auto whole = [](const std::string& path) { return text::system_path(context::absolute_path(path)); };
  return whole(file).lexically_relative(whole(config).parent_path()).generic_string();
}

}  // namespace

Linters::Linters(std::span<const Rule> rules, Options options)
    : rules_(rules), options_(std::move(options)), names_(known_names(rules)) {}

const Linters::Entry& Linters::of(const std::string& path) {
  const std::string folder(text::parent_path(path));
  const std::scoped_lock lock(mutex_);
  const auto [known, fresh] = by_folder_.try_emplace(folder);
  if (fresh) known->second = &of_config(options_.config.empty() ? find(folder) : options_.config);
  return known->second->of_files == nullptr ? *known->second : with_overrides(*known->second, path);
}

Linters::Entry& Linters::of_config(const std::string& path) {
  const auto [known, fresh] = by_config_.try_emplace(path);
  Entry& entry = known->second;
  if (!fresh) return entry;
  entry.path = path;
  read(entry);
  if (entry.failure) return entry;
  if (entry.given.overrides.empty() && entry.given.exclude.empty()) {
    put_to_use(entry);
  } else if (auto settings = FileSettings::compile(entry.given)) {
    entry.of_files = std::make_shared<const FileSettings>(*std::move(settings));
  } else {
    entry.failure = failure_of(path, std::move(settings.error()));
  }
  return entry;
}

// With [[overrides]] and `exclude` each file has a configuration of its own.
const Linters::Entry& Linters::with_overrides(const Entry& general, const std::string& file) {
  const auto [known, fresh] = by_file_.try_emplace(file);
  Entry& entry = known->second;
  if (!fresh) return entry;
  const std::string place = place_from(general.path, file);
  entry.excluded = general.of_files->excludes(place);
  entry.path = general.path;
  entry.notes = general.notes;
  entry.given = general.of_files->of(place);
  put_to_use(entry);
  return entry;
}

std::string Linters::find(const std::string& folder) const {
  std::string nearest = find_config(folder, *options_.files);
  if (!nearest.empty() || !options_.variables) return nearest;
  return find_hadolint_home(options_.variables, *options_.files);
}

std::vector<ConfigLayer> Linters::layers_of(const std::string& path) {
  const Entry& entry = of(path);
  std::vector<ConfigLayer> layers(1);
  std::vector<cache::Failure> notes;
  auto file = entry.path.empty() ? Config() : read_file(entry.path, notes);
  if (!file) return layers;
  layers.push_back({"the file", *file});
  if (const auto settings = FileSettings::compile(*file)) {
    for (ConfigLayer& layer : settings->layers_of(place_from(entry.path, path)))
      layers.push_back(std::move(layer));
  }
  for (ConfigLayer& layer : layers) {
    layer.config.exclude = layers[1].config.exclude;
    layer.config.overrides.clear();
  }
  layers.front().config.exclude.clear();
  if (!takes_variables(entry.path)) return layers;
  std::vector<std::string> names;
  std::vector<ConfigError> variable_notes;
  Config with_all = layers.back().config;
  const auto look = [&](const std::string& name) {
    auto value = options_.variables(name);
    if (value) names.push_back(name);
    return value;
  };
  add_hadolint_variables(look, names_, with_all, variable_notes);
  for (const std::string& name : names) {
    Config config = layers.back().config;
    const auto only = [&](const std::string& other) {
      return other == name ? options_.variables(name) : std::nullopt;
    };
    add_hadolint_variables(only, names_, config, variable_notes);
    layers.push_back({name, std::move(config)});
  }
  return layers;
}

tl::expected<Config, cache::Failure> Linters::read_file(const std::string& path,
                                                        std::vector<cache::Failure>& notes) const {
  const auto text = options_.files->read(path);
  if (!text) return tl::unexpected(cache::Failure{{}, 0, 0, text.error(), {}});
  std::vector<ConfigError> remarks;
  auto config = is_hadolint_config(path) ? read_hadolint_config(*text, names_, remarks)
                                         : read_config(*text, names_, remarks);
  for (ConfigError& remark : remarks)
    notes.push_back(failure_of(path, std::move(remark)));
  if (!config) return tl::unexpected(failure_of(path, std::move(config.error())));
  return *std::move(config);
}

bool Linters::takes_variables(const std::string& path) const {
  return options_.variables && (path.empty() || is_hadolint_config(path));
}

void Linters::read(Entry& entry) const {
  if (!entry.path.empty()) {
    auto from_file = read_file(entry.path, entry.notes);
    if (!from_file) {
      entry.notes.clear();
      entry.failure = std::move(from_file.error());
      return;
    }
    entry.given = std::move(*from_file);
  }
  if (!takes_variables(entry.path)) return;
  std::vector<ConfigError> notes;
  if (auto wrong = add_hadolint_variables(options_.variables, names_, entry.given, notes))
    entry.failure = failure_of({}, std::move(*wrong));
  for (ConfigError& note : notes)
    entry.notes.push_back(failure_of({}, std::move(note)));
}

void Linters::put_to_use(Entry& entry) const {
  entry.config = entry.given;
  if (options_.adjust) options_.adjust(entry.config);
  entry.linter.emplace(rules_, entry.config);
  if (options_.shellcheck != nullptr) entry.linter->use(options_.shellcheck);
}

}  // namespace dcache::lint
