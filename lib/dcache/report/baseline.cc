#include "dcache/report/baseline.h"

#include <nlohmann/json.hpp>

namespace dcache::report {

tl::expected<Baseline, std::string> Baseline::read(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const bool known = json.is_object() && json.value("version", 0) == 1 && json.contains("findings") &&
                     json["findings"].is_object();
  if (!known)
    return tl::unexpected<std::string>("this is no baseline of version 1; --make-baseline writes one");
  Baseline baseline;
  for (const auto& [path, fingerprints] : json["findings"].items()) {
    for (const auto& fingerprint : fingerprints) {
      if (fingerprint.is_string()) baseline.add(path, fingerprint.get<std::string>());
    }
  }
  return baseline;
}

bool Baseline::covers(const std::string& path, const std::string& fingerprint) const {
  const auto known = findings_.find(path);
  return known != findings_.end() && known->second.contains(fingerprint);
}

std::string Baseline::to_json() const {
  return nlohmann::ordered_json{{"version", 1}, {"findings", findings_}}.dump(1) + "\n";
}

}  // namespace dcache::report
