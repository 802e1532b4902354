#include "dcache/project/hcl/json.h"

#include <algorithm>
#include <utility>

#include "dcache/project/hcl/error.h"
#include "dcache/project/hcl/json_reader.h"

namespace dcache::project::hcl {
namespace {

ExpressionPtr made_of(ExpressionKind kind, text::Span span) {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->span = span;
  return made;
}

class Converter {
 public:
  Converter(const Source& source, std::vector<text::Failure>& failures)
      : source_(source), failures_(failures) {}

  void body(const JsonValue& json, const std::vector<BlockType>& types, Body& to) {
    for_each_object(json, [&](const JsonValue& object) {
      for (const JsonMember& member : object.members)
        add(member, types, to);
    });
  }

 private:
  ExpressionPtr text_expression(const std::string& text, text::Span span);
  ExpressionPtr expression_of(const JsonValue& json);

  void wrong(text::Span span, std::string message) {
    if (failures_.size() < kMostFailures) failures_.push_back(source_.failure(span, std::move(message)));
  }

  // An object, or the objects of an array.
  template <typename Use>
  void for_each_object(const JsonValue& json, const Use& use) {
    if (json.kind == JsonKind::kObject) return use(json);
    if (json.kind == JsonKind::kNull) return;
    if (json.kind != JsonKind::kArray)
      return wrong(json.span, "an object is expected, or an array of objects");
    for (const JsonValue& item : json.items) {
      if (item.kind == JsonKind::kObject) {
        use(item);
      } else {
        wrong(item.span, "an object is expected here");
      }
    }
  }

  void add(const JsonMember& member, const std::vector<BlockType>& types, Body& to) {
    if (member.name == "//") return;  // a comment
    const auto type = std::ranges::find(types, member.name, &BlockType::name);
    if (type != types.end()) {
      Block block{member.name, {}, member.name_span, member.name_span, &source_, {}};
      return blocks(member.value, *type, std::move(block), to);
    }
    try {
      if (!to.add({member.name, member.name_span, &source_, expression_of(member.value)}))
        wrong(member.name_span, "\"" + member.name + "\" is set twice");
    } catch (const Error& error) {
      wrong(error.span, error.message);
    }
  }

  // One object for each label, then the bodies: an object, or an array of them for several blocks.
  void blocks(const JsonValue& json, const BlockType& type, Block block, Body& to) {
    if (block.labels.size() < type.labels) {
      for_each_object(json, [&](const JsonValue& object) {
        for (const JsonMember& member : object.members) {
          Block inner{block.type, block.labels, block.span, block.label_span, &source_, {}};
          if (inner.labels.empty()) inner.label_span = member.name_span;
          inner.span = member.name_span;
          inner.labels.push_back(member.name);
          blocks(member.value, type, std::move(inner), to);
        }
      });
      return;
    }
    if (json.kind != JsonKind::kArray) {
      if (json.kind == JsonKind::kNull) return;
      body(json, type.inside, block.body);
      to.blocks.push_back(std::move(block));
      return;
    }
    for (const JsonValue& item : json.items) {
      Block inner{block.type, block.labels, block.span, block.label_span, &source_, {}};
      body(item, type.inside, inner.body);
      to.blocks.push_back(std::move(inner));
    }
  }

  static constexpr size_t kMostFailures = 5;
  static constexpr size_t kLargestTemplates = size_t{1} << 20U;
  size_t templates_ = 0;
  const Source& source_;
  std::vector<text::Failure>& failures_;
};

// A text is a template. What it looks like as a text is kept: types and names of parameters are written so.
ExpressionPtr Converter::text_expression(const std::string& text, text::Span span) {
  ExpressionPtr made;
  try {
    if (text.find("${") == std::string::npos && text.find("%{") == std::string::npos) {
      made = made_of(ExpressionKind::kLiteral, span);
      made->literal = Value::string(text);
      made->quoted = true;
    } else {
      templates_ += text.size();
      if (templates_ > kLargestTemplates) fail("the file has too many templates");
      made = parse_template(text, span);
    }
  } catch (const Error& error) {
    made = made_of(ExpressionKind::kBroken, span);
    made->name = error.message;
  }
  made->json_text = text;
  made->json = true;
  return made;
}

ExpressionPtr Converter::expression_of(const JsonValue& json) {
  switch (json.kind) {
    case JsonKind::kString:
      return text_expression(json.text, json.span);
    case JsonKind::kArray: {
      ExpressionPtr made = made_of(ExpressionKind::kTuple, json.span);
      for (const JsonValue& item : json.items)
        made->parts.push_back(expression_of(item));
      return made;
    }
    case JsonKind::kObject: {
      ExpressionPtr made = made_of(ExpressionKind::kObject, json.span);
      made->json = true;
      for (const JsonMember& member : json.members) {
        made->parts.push_back(text_expression(member.name, member.name_span));
        made->parts.push_back(expression_of(member.value));
      }
      return made;
    }
    default:
      break;
  }
  ExpressionPtr made = made_of(ExpressionKind::kLiteral, json.span);
  if (json.kind == JsonKind::kTrue || json.kind == JsonKind::kFalse)
    made->literal = Value::boolean(json.kind == JsonKind::kTrue);
  if (json.kind == JsonKind::kNumber) {
    std::optional<Number> number = Number::parse(json.text);
    if (!number) throw Error{.message = "this is not a number, or one that is too large", .span = json.span};
    made->literal = Value::number(*std::move(number));
  }
  return made;
}

}  // namespace

File parse_hcl_json(std::string path, std::string text, const std::vector<BlockType>& blocks) {
  File file;
  file.source = std::make_unique<const Source>(std::move(path), std::move(text));
  try {
    const JsonValue json = read_json(file.source->text);
    if (json.kind != JsonKind::kObject)
      throw Error{.message = "the file has to be one object", .span = json.span};
    Converter(*file.source, file.failures).body(json, blocks, file.body);
  } catch (const Error& error) {
    file.failures.push_back(file.source->failure(error.span, error.message));
  }
  return file;
}

bool is_json_value(std::string_view text) {
  try {
    read_json(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace dcache::project::hcl
