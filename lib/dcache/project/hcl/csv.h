// Comma-separated values. Source: RFC 4180, as Go's encoding/csv reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dcache::project::hcl {

// The fields of one text. Throws an Error, also for an empty text.
std::vector<std::string> read_csv_fields(std::string_view line, char separator = ',');

// All records; empty lines are none. Throws an Error.
std::vector<std::vector<std::string>> read_csv_records(std::string_view text);

}  // namespace dcache::project::hcl
