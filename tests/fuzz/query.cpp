#include <cmath>

#include <cdctl/text.hpp>

#include "core/probe/metric_query.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/host.hpp"

using namespace cdctl;
using namespace cdctl::probe;
using cdctl::fuzz::must;

namespace {

/// What Prometheus answers: one number, or a reason why it is unknown.
void answer(std::string_view text) {
  fuzz::Answers answers;
  answers.begin(text);
  const auto said = answers.send({});
  const auto value = value_in(said);
  if (!value) {
    must(value.error().exit == ExitCode::unknown && fuzz::one_line(value.error().what),
         "what is no number is unknown, for a reason of one line");
    return;
  }
  must(answers.good == 1 && said->status == 200, "a number is a good answer's");
  must(!std::isnan(*value), "nothing that was counted is no number");
  const auto json = Json::parse(said->body);
  must((*json)["warnings"].items().empty(), "what may not be whole is unknown");
  const Bound all[] = {{Bound::Op::less, *value}, {Bound::Op::more, *value}};
  must(!all[0].holds(*value) && !all[1].holds(*value), "a number is not beyond itself");
}

void bound(std::string_view text) {
  const auto read = Bound::parse(text);
  if (!read) {
    must(read.error().exit == ExitCode::config && fuzz::one_line(read.error().what),
         "what is no bound is told in one line");
    return;
  }
  const auto again = Bound::parse(read->text());
  must(again && again->op == read->op && again->value == read->value,
       "a bound reads as it was printed");
  for (const double is : {read->value, 0.0, 1e300, -1e300})
    must(read->holds(is) == again->holds(is), "and holds for the same numbers");
}

/// Nothing but the placeholders changes, and a value ends no string.
void query(std::string_view text) {
  const SetName set{"thumbs", "r5f0c1e9a2b"};
  const auto filled = filled_query(text, set);
  must(filled_query(filled, set) == filled, "what is filled in is filled in");
  must(filled.size() >= text.size() || text.contains('{'), "nothing else is taken away");
  const auto request = query_request("http://127.0.0.1:1/", filled);
  must(request.url == "http://127.0.0.1:1/api/v1/query" && fuzz::one_line(request.body),
       "a query is one form field");
}

}  // namespace

/// A check that asks Prometheus: `a` its answer, `b` a bound, `q` the query.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  if (data[0] == 'a') answer(text);
  if (data[0] == 'b') bound(text);
  if (data[0] == 'q') query(text);
  return 0;
}
