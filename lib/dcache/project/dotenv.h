// .env files, as Docker Compose and Bake read them: `NAME=value`, `export NAME='value'`, `NAME: "value"`,
// comments, values of several lines in quotes, and variables in all but single quotes.
// Source:
// https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/interpolate.h"
#include "dcache/text/failure.h"

namespace dcache::project {

using Variables = std::map<std::string, std::string, std::less<>>;

// Adds the variables of a text, over those of the same name. `outer` is looked at first for the variables
// that it refers to, and is where a `NAME` without a value takes its value from. Ends at the first error,
// which is added to `failures` with its place.
void read_dotenv(std::string_view text, const std::string& path, const Lookup& outer, Variables& variables,
                 std::vector<text::Failure>& failures);

// The same for the format "raw" of env_file: no quotes, no comments, no variables.
void read_raw_env(std::string_view text, Variables& variables);

}  // namespace dcache::project
