#pragma once

namespace weir::cron {

/// What the codes of this library mean, for people: `errors` of its meta_json.
inline constexpr char errors[] = R"([
  {"code": "cron.bad_event", "title": "No event",
   "cause": "The event has a member that is not possible.",
   "remedy": "Correct the member at the pointer."},
  {"code": "cron.bad_pattern", "title": "No cron expression",
   "cause": "The expression cannot be read.",
   "remedy": "Five fields, as in */15 * * * *; weir schedule explain EXPR tries one."},
  {"code": "cron.bad_request", "title": "Request cannot be read",
   "cause": "A parameter or member has a value that is not possible.",
   "remedy": "Correct the value as the sentence says."},
  {"code": "cron.bad_schedule", "title": "No schedule",
   "cause": "The schedule is neither an expression, nor an interval, nor a word, nor an instant.",
   "remedy": "Write it like 15m, @daily or */15 * * * *."},
  {"code": "cron.event_exists", "title": "There is another such event",
   "cause": "An event of this name is there with another definition.",
   "remedy": "Change it with PATCH, or remove it first."},
  {"code": "cron.event_not_found", "title": "No such event",
   "cause": "There is no event of this name.",
   "remedy": "GET /cron/events lists them."},
  {"code": "cron.never_due", "title": "Never due",
   "cause": "The schedule describes a time that never comes.",
   "remedy": "Correct it; 30 February is a common one."},
  {"code": "cron.too_many_events", "title": "Too many events",
   "cause": "The limit of events on the timer is reached.",
   "remedy": "Remove some."},
  {"code": "cron.unknown_member", "title": "Unknown member",
   "cause": "The event has a member that nobody knows.",
   "remedy": "Correct its name; the nearest one is suggested."},
  {"code": "cron.unknown_zone", "title": "Unknown time zone",
   "cause": "There is no zone of this name on this machine.",
   "remedy": "Use a name like Europe/Berlin."},
  {"code": "cron.zone_unreadable", "title": "Time zone unreadable",
   "cause": "The data of the zone on this machine is damaged.",
   "remedy": "Install tzdata again."}])";

}  // namespace weir::cron
