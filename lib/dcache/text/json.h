// Reads and writes JSON values. The library's parser and printer are compiled in json.cc alone, since they
// take long to compile. Who looks into a value includes nlohmann/json.hpp too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace dcache::text {

// The value of a text; of one that is not JSON, or is more than 500 levels deep, a value whose is_discarded()
// is true.
nlohmann::json parse_json(std::string_view text);

// Whether the text is JSON.
bool is_json(std::string_view text);

// A number without a sign, a point or an exponent, of at most `largest`. Throws nlohmann::json::type_error
// for another value: the library's own conversion of a float that is too large is undefined.
uint64_t whole_number(const nlohmann::json& value, uint64_t largest);

// The value on one line. Bytes that are not UTF-8 become U+FFFD.
std::string to_text(const nlohmann::json& value);

}  // namespace dcache::text
