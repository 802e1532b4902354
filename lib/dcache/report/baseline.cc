#include "dcache/report/baseline.h"

#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "dcache/context/boundary.h"
#include "dcache/report/places.h"
#include "dcache/text/json.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/system_path.h"

namespace dcache::report {

tl::expected<Baseline, std::string> Baseline::read(const std::string& text) {
  const nlohmann::json json = text::parse_json(text);
  const bool known = json.is_object() && json.contains("version") && json["version"] == 1 &&
                     json.contains("findings") && json["findings"].is_object();
  if (!known)
    return tl::unexpected<std::string>(
        "not a baseline of version 1; create one with "
        "--make-baseline");
  Baseline baseline;
  for (const auto& [path, fingerprints] : json["findings"].items()) {
    for (const auto& fingerprint : fingerprints) {
      if (fingerprint.is_string()) baseline.add(path, fingerprint.get<std::string>());
    }
  }
  return baseline;
}

std::string Baseline::name_of(const std::string& path, const std::string& baseline) {
  namespace fs = std::filesystem;
  const fs::path folder = text::system_path(context::absolute_path(baseline)).parent_path();
  return text::system_path(context::absolute_path(path)).lexically_relative(folder).generic_string();
}

size_t Baseline::size() const {
  size_t count = 0;
  for (const auto& [path, fingerprints] : findings_)
    count += fingerprints.size();
  return count;
}

bool Baseline::covers(const std::string& path, const std::string& fingerprint) const {
  const auto known = findings_.find(path);
  return known != findings_.end() && known->second.contains(fingerprint);
}

std::string Baseline::to_json() const {
  std::string text;
  text::JsonWriter out(text, 1);
  out.begin_object().member("version", 1).key("findings").begin_object();
  for (const auto& [path, fingerprints] : findings_) {
    out.key(path).begin_array();
    for (const std::string& fingerprint : fingerprints)
      out.value(fingerprint);
    out.end_array();
  }
  out.end_object().end_object();
  return text + '\n';
}

std::vector<std::string> silence_known(const Baseline& baseline, const std::string& name,
                                       const text::Document& file, lint::Findings& findings) {
  std::vector<std::string> all;
  Fingerprints fingerprints;
  std::erase_if(findings.diagnostics, [&](lint::Diagnostic& diagnostic) {
    all.push_back(fingerprints.next(file, diagnostic));
    const bool known = baseline.covers(name, all.back());
    if (known)
      findings.silenced.push_back({std::move(diagnostic), lint::SuppressedDiagnostic::By::kBaseline, {}});
    return known;
  });
  return all;
}

}  // namespace dcache::report
