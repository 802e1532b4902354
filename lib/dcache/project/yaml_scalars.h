// What a scalar of YAML is, by the rules of Go's yaml.v3: those of YAML 1.2, and the numbers of YAML 1.1.
// Source: https://github.com/yaml/go-yaml (resolve)
#pragma once

#include <string>
#include <string_view>

#include "dcache/project/yaml.h"

namespace dcache::project::yaml {

// The kind of a scalar without quotes and tag: "yes" is a text, 010 an integer, 2024-01-01 a time.
Kind kind_of_plain(std::string_view text);

// The kind that a tag of YAML itself says: "tag:yaml.org,2002:str". Text for any other.
Kind kind_of_tag(std::string_view tag, std::string_view text);

// The bytes of a `!!binary`; the text itself if it is not base64.
std::string decoded_base64(std::string_view text);

}  // namespace dcache::project::yaml
