#include "dcache/editor/settings.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/text/suggest.h"

namespace dcache::editor {

void SettingsReader::read_workspace(Workspace::Options& options) {
  read("context", options.context);
  read("config", options.config);
  read("target", options.plan.target);
  read("platform", options.plan.platform);
  std::map<std::string, std::string> arguments;
  read("buildArgs", arguments);
  for (auto& [name, value] : arguments)
    options.plan.build_args.insert_or_assign(name, std::move(value));
  std::string builder;
  read("builder", builder);
  if (builder.empty()) return;
  if (const auto known = plan::builder_of(builder)) {
    options.plan.builder = *known;
  } else {
    wrong_.emplace_back("builder");
  }
}

std::string SettingsReader::complaint() const {
  if (!wrong_.empty())
    return fmt::format("\"{}\" has a value of the wrong type, or one that is not known", wrong_.front());
  if (!given_.is_object()) return "";
  for (const auto& [name, value] : given_.items()) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    return fmt::format(
        "unknown member \"{}\"; {}", name,
        text::did_you_mean(name, known_, fmt::format("known are {}", fmt::join(known_, ", "))));
  }
  return "";
}

}  // namespace dcache::editor
