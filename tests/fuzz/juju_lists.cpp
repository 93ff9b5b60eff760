#include <algorithm>

#include "plugins/juju/commands/records.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/model/relations.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::juju;
using cdctl::fuzz::must;

namespace {

void check_words(std::string_view text) {
  if (const auto address = parse_model_address(text)) {
    must(address->str() == text, "an address prints as it was read");
    must(!text.empty() && text.front() != '-' && text.front() != '.' && !text.contains("/."),
         "an address is no option and no path");
  }
  if (const auto time = parse_juju_time(text))
    must(parse_rfc3339(to_rfc3339(*time)) == time, "a time prints as the same time");
}

}  // namespace

/// Lists of models and offers, and the words that a person or juju says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = cdctl::fuzz::as_text(data, size);
  check_words(text);
  const auto json = Json::parse(text);
  if (!json) return 0;
  if (const auto list = parse_models(*json, "")) {
    const bool all = std::ranges::all_of(list->models, [](const ModelItem& model) {
      return valid_uuid(model.uuid) && !model.name.empty();
    });
    must(all, "a model has a name and a uuid");
    must((list->models.size() == (*json)["models"].items().size()) == list->missing.empty(),
         "what is left out is told");
    for (const auto& model : list->models)
      must(Json::parse(model_record(model, {}).dump()).has_value(), "a model's record is JSON");
  }
  if (const auto offers = parse_offers(*json)) {
    for (const auto& offer : *offers)
      must(Json::parse(offer_record(offer, {}).dump()).has_value(), "an offer's record is JSON");
  }
  return 0;
}
