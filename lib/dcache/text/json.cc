#include "dcache/text/json.h"

#include <nlohmann/json.hpp>

namespace dcache::text {

nlohmann::json parse_json(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, false);
}

bool is_json(std::string_view text) {
  return nlohmann::json::accept(text.begin(), text.end());
}

std::string to_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace dcache::text
