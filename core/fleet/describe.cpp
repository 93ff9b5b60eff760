#include "core/fleet/describe.hpp"

#include "core/app/brokers.hpp"

namespace cdctl::fleet {

namespace {

void add_engine(app::Context& context, const SetView& set, Json& record, const Deadline& deadline) {
  if (!set.status) return;
  auto engine = context.engine(set.service->engine);
  auto status = engine ? (*engine)->describe(set.name, deadline)
                       : Result<SetStatus>(std::unexpected(engine.error()));
  if (!status) return context.report(status.error().in(set.name.str()));
  if (!set.status->up && status->up) {  // a list that leaves the units out
    record.set("state", status->state);
    record.set("units", Json::object({{"want", status->want ? Json(*status->want) : Json()},
                                      {"up", *status->up}}));
  }
  record.set("attempts", status->attempts);
  if (status->retry_at) record.set("retry_at", to_rfc3339(*status->retry_at));
  if (status->world_cut) record.set("world_cut", *status->world_cut);
  record.set(set.service->engine, status->detail);
}

void add_switches(app::Context& context, const SetView& set, Json& record,
                  const Deadline& deadline) {
  for (const auto& name : app::brokers_of(context, *set.service)) {
    auto broker = context.switch_(name);
    auto detail = broker ? (*broker)->describe(*set.service, set.name, deadline)
                         : Result<Json>(std::unexpected(broker.error()));
    if (detail)
      record.set(name, std::move(*detail));
    else {
      record.set(name, Json());
      context.report(detail.error().in(set.name.str()));
    }
  }
}

}  // namespace

void describe(app::Context& context, const SetView& set, Json& record, const Deadline& deadline) {
  add_engine(context, set, record, deadline);
  add_switches(context, set, record, deadline);
}

}  // namespace cdctl::fleet
