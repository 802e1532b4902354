// Expansion of variables in the words of an instruction, as the builder does it before a step runs.
//
// Known forms: $name, ${name}, ${name:-word}, ${name:+word}, ${name:?word}, the same without the colon,
// ${name#pattern}, ${name##pattern}, ${name%pattern}, ${name%%pattern}, ${name/pattern/text} and
// ${name//pattern/text}. Quotes are removed on the way, single quotes keep their content as it is, and the
// file's escape character takes the meaning from the character after it. What comes out is limited: see
// expand_limits.h.
//
// Source: https://docs.docker.com/reference/dockerfile/#environment-replacement
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/dockerfile/keyword.h"

namespace dcache::dockerfile {

// The value of a variable, or nothing if it is not set. The view has to live until the next call.
using Lookup = std::function<std::optional<std::string_view>(std::string_view name)>;

struct ExpandOptions {
  char escape = '\\';
  bool keep_quotes = false;   // leave quote characters in the result
  bool keep_escapes = false;  // leave escape characters in the result
  bool plain_quotes = false;  // quotes have no meaning at all
  bool keep_unset = false;    // leave references to variables that are not set as they are
  // Takes the names of variables that are not set where the text has nothing to say for that case.
  std::vector<std::string>* missing = nullptr;
};

struct ExpandError {
  std::string message;
  uint32_t offset = 0;    // in the text that was passed
  bool by_value = false;  // another value of the variable would do: `${NAME:?message}`
};

// `text` with its variables replaced, as one word.
tl::expected<std::string, ExpandError> expand(std::string_view text, const Lookup& lookup,
                                              const ExpandOptions& options = {});

struct ExpandedWord {
  std::string text;
  uint32_t begin = 0;  // what it was made from, in the text that was passed
  uint32_t end = 0;
};

// The same, split at white space that is not quoted; a value with white space gives several words.
tl::expected<std::vector<ExpandedWord>, ExpandError> expand_words(std::string_view text, const Lookup& lookup,
                                                                  const ExpandOptions& options = {});

// Whether the builder expands variables in the arguments of this instruction. RUN, CMD, ENTRYPOINT, SHELL and
// HEALTHCHECK leave them to the shell at run time, MAINTAINER and ONBUILD keep them as text.
bool expands_variables(Keyword keyword);

}  // namespace dcache::dockerfile
