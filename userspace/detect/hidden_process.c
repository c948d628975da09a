// SPDX-License-Identifier: GPL-2.0-only
/*
 * hidden_process.c - processes that some views have and others should have
 *
 * Views are not made in one moment, and processes are born and die between them.  So
 * a disagreement counts only
 *
 *  - if the process is shown to have lived while the list without it was made: its
 *    page tables were loaded, code ran under them at CPL 3, or another list had it,
 *    before and after;
 *  - if it lasts for several lists;
 *  - if it is still so when the VM is paused and all is read of one moment.
 *
 * What that takes depends on what is known.  A kernel lists a process before it first
 * runs it, and takes it out of the lists after it last ran.  So it is sure at once if
 * page tables that lists do not have at a pause run code at CPL 3 at that moment, or do
 * so later and were loaded without a break since before the pause: a page that is
 * loaded is not another process's.  A process with a PID is the same in two pauses,
 * and one that was switched to since was no half of one, made or taken apart.
 *
 * Page tables alone need more, since a page is soon another process's: between two
 * looks one may have died and another come, and either be half made at the moment of
 * the pause.  They have to be alive, by the user memory in them, in several pauses, and
 * to have been switched to between them; the more, the more often the same page was
 * suspected without reason, which shows that it goes from process to process.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "detect.h"
#include "known.h"
#include "suspects.h"
#include "told.h"

/* Lists without it before it is looked at with the VM paused. */
#define RUNS_SUSPECT	2

/* Pauses that a process has to be missed in that has a PID, or page tables only. */
#define PAUSES_PID	2
#define PAUSES_ROOT	8

/* How long it has to be missed if it was not seen to run meanwhile. */
#define TIME_SLEEPS_MS	350

/* In-band lists without a process: an agent is not asked again in a pause. */
#define RUNS_IN_BAND	4

/*
 * Processes that only an agent names, beyond which none of them is looked at: whatever
 * sends them is no agent, and wants other things to be overlooked.
 */
#define CLAIMS_MAX	64

/* Without any sign for so long, a suspicion is given up. */
#define EXPIRE_MS	60000

/* Runs between two pauses that led to nothing. */
#define PAUSE_BACKOFF	16

/* How much a pause is wanted. */
enum wanted {
	WANT_NOTHING,
	/* When the last ones are some time ago. */
	WANT_SOME_TIME,
	WANT_NOW,
};

/* Lists that never come to their end, before a pause is asked for; and pauses. */
#define BROKEN_RUNS	10
#define BROKEN_PAUSES	3

struct hidden {
	struct suspects suspects;
	struct known_list known;
	struct told_list told;
	enum wanted wanted;
	unsigned int wait;
	unsigned int backoff;
	unsigned int broken[VIEW_MAX];
	unsigned int broken_pauses[VIEW_MAX];
	uint64_t rounds[VIEW_MAX];
	/* When there were too many claims last. */
	uint64_t claims_tsc;
};

static uint64_t ms(const struct aggregate *agg, uint64_t time)
{
	return time * agg->runner->env->tsc_khz;
}

/* Whether each of these views has made a list since the last that counted. */
static bool all_advanced(const struct suspect *suspect,
			 const struct aggregate *agg, uint32_t mask)
{
	unsigned int i;

	for (i = 0; i < agg->runner->nr; i++)
		if (mask >> i & 1 &&
		    agg->reports[i].rounds == suspect->rounds[i])
			return false;
	return true;
}

/*
 * Whether one of these views has begun a list since the last that counted, with the VM
 * paused since the last pause that did.  What is in band is read before it is sent, and may have been read long before it came: only the
 * list after the next is sure to have been begun later.
 */
static bool any_begun(const struct suspect *suspect,
		      const struct aggregate *agg, uint32_t mask)
{
	const uint64_t *since = agg->paused ? suspect->paused_rounds :
					      suspect->rounds;
	uint32_t in_band = aggregate_pattern(agg, VIEW_IN_BAND);
	unsigned int i;

	for (i = 0; i < agg->runner->nr; i++)
		if (mask >> i & 1 &&
		    agg->reports[i].rounds - since[i] >=
		    (in_band >> i & 1 ? 2 : 1))
			return true;
	return false;
}

/* What of the missing views decides: in-band ones only if it is all there is. */
static uint32_t deciding(const struct suspect *suspect,
			 const struct aggregate *agg)
{
	uint32_t out_of_band = aggregate_pattern(agg, VIEW_OUT_OF_BAND);

	return suspect->missing & out_of_band ? suspect->missing & out_of_band :
						suspect->missing;
}

/*
 * The process lived from the last list without it to the one now.  A pause comes right
 * after a list, so it is compared to the pause before.
 */
static bool lived(const struct suspect *suspect, const struct entity *entity,
		  const struct aggregate *agg)
{
	uint32_t lists = entity->seen & ~aggregate_pattern(agg,
							  VIEW_DERIVATION);
	uint64_t since = agg->paused ? suspect->pause_end : suspect->list_end;

	return entity->process.user_tsc > since ||
	       entity->process.loaded_tsc > since ||
	       any_begun(suspect, agg, lists);
}

static void count(struct suspect *suspect, const struct aggregate *agg)
{
	unsigned int i;

	suspect->runs++;
	suspect->seen_tsc = agg->now;
	if (agg->paused) {
		suspect->paused_runs++;
		suspect->pause_end = agg->now;
	}
	for (i = 0; i < agg->runner->nr; i++) {
		suspect->rounds[i] = agg->reports[i].rounds;
		if (agg->paused)
			suspect->paused_rounds[i] = agg->reports[i].rounds;
		if (suspect->missing >> i & 1 &&
		    agg->reports[i].end > suspect->list_end)
			suspect->list_end = agg->reports[i].end;
	}
}

/*
 * Since when views that could say so have missed it.  If they said nothing in between,
 * it may have come to its end since the first time: only the last pause counts then.
 */
static uint64_t missed_since(const struct suspect *suspect)
{
	return suspect->gap && suspect->absent_tsc > suspect->first_tsc ?
	       suspect->absent_tsc : suspect->first_tsc;
}

static bool has_lasted(const struct suspect *suspect,
		       const struct aggregate *agg, uint64_t time)
{
	return agg->now - missed_since(suspect) >= ms(agg, time);
}

/* One address space ran code at CPL 3 after a moment at which lists did not have it. */
static bool ran_while_absent(const struct suspect *suspect,
			     const struct entity *entity,
			     const struct aggregate *agg)
{
	if (agg->paused && entity->process.running == FACT_IN_USER)
		return true;
	return suspect->absent_tsc &&
	       entity->process.held_from < suspect->absent_tsc &&
	       entity->process.held_to > suspect->absent_tsc;
}

/* A process is switched to, or at CPL 3, from when it is complete to when it ends. */
static bool was_complete(const struct suspect *suspect,
			 const struct entity *entity,
			 const struct aggregate *agg)
{
	return entity->process.loaded_tsc > missed_since(suspect) ||
	       entity->process.user_tsc > missed_since(suspect) ||
	       has_lasted(suspect, agg, TIME_SLEEPS_MS);
}

static bool is_sure(const struct suspect *suspect, const struct entity *entity,
		    const struct aggregate *agg)
{
	uint32_t out_of_band = aggregate_pattern(agg, VIEW_OUT_OF_BAND);

	if (!(suspect->missing & out_of_band))
		return suspect->runs >= RUNS_IN_BAND &&
		       has_lasted(suspect, agg, TIME_SLEEPS_MS);
	if (ran_while_absent(suspect, entity, agg))
		return true;
	if (!agg->paused)
		return false;
	if (entity->process.known & FACT_PID)
		return suspect->paused_runs >= PAUSES_PID &&
		       was_complete(suspect, entity, agg);
	return suspect->paused_runs >= PAUSES_ROOT * (1 + suspect->cleared);
}

static void name_views(char *buf, size_t size, const struct aggregate *agg,
		       uint32_t mask)
{
	size_t len = 0;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < agg->runner->nr && len < size; i++)
		if (mask >> i & 1)
			len += snprintf(buf + len, size - len, "%s%s (%s)",
					len ? ", " : "",
					agg->runner->view[i]->name,
					view_pattern_name(agg->runner->view[i]->pattern));
}

/* Only an agent's word, or only against an agent's: that proves nothing. */
static enum verdict_class classify(const struct suspect *suspect,
				   const struct entity *entity,
				   const struct aggregate *agg)
{
	uint32_t in_band = aggregate_pattern(agg, VIEW_IN_BAND);

	if (!(entity->seen & ~in_band))
		return VERDICT_UNKNOWN;
	/* Page tables that may be the kernel's own, for a purpose not known. */
	if (!(entity->process.known & FACT_PID) && !entity->process.user_tsc)
		return VERDICT_UNKNOWN;
	if (!(suspect->missing & ~in_band) && !entity->process.user_tsc)
		return VERDICT_UNKNOWN;
	return VERDICT_MALICIOUS;
}

/* Views that it is missing in: at every look, or at any that was of one moment. */
static uint32_t told_missing(const struct suspect *suspect,
			     const struct aggregate *agg)
{
	return suspect->missing |
	       (suspect->paused_missing &
		aggregate_pattern(agg, VIEW_OUT_OF_BAND));
}

static void give_evidence(struct verdict *verdict,
			  const struct suspect *suspect,
			  const struct aggregate *agg)
{
	const struct fact_process *process = &verdict->process;
	uint32_t khz = agg->runner->env->tsc_khz;
	char names[200];

	name_views(names, sizeof(names), agg, verdict->seen);
	verdict_say(verdict, "seen by %s\n", names);
	name_views(names, sizeof(names), agg, verdict->missing);
	verdict_say(verdict, "missing in %s: in %u lists, %u of them of the"
		    " paused VM, over %.1f s\n", names, suspect->runs,
		    suspect->paused_runs,
		    khz ? (agg->now - suspect->first_tsc) / 1e3 / khz : 0.0);
	if (process->known & FACT_ROOT)
		verdict_say(verdict, "page tables at 0x%" PRIx64 "%s\n",
			    process->root, process->mapped ?
			    ", with user memory in them" : "");
	if (process->running == FACT_IN_USER)
		verdict_say(verdict, "vCPU %u ran it at CPL 3 at that"
			    " moment\n", process->vcpu);
	else if (process->user_tsc)
		verdict_say(verdict, "ran at CPL 3 %.3f s before\n", khz ?
			    (agg->now - process->user_tsc) / 1e3 / khz : 0.0);
	else if (process->loaded_tsc)
		verdict_say(verdict, "never seen at CPL 3, loaded %.3f s"
			    " before\n", khz ?
			    (agg->now - process->loaded_tsc) / 1e3 / khz : 0.0);
}

/* Whose page tables these were, when that was told. */
static void recall(struct verdict *verdict, const struct known_list *list,
		   const struct aggregate *agg)
{
	const struct known *known = known_find(list, verdict->process.root);
	uint32_t khz = agg->runner->env->tsc_khz;

	if (known && khz)
		verdict_say(verdict, "%.1f s before, a list had them as those of"
			    " process %u (%s)\n",
			    (agg->now - known->tsc) / 1e3 / khz, known->pid,
			    known->comm);
}

static int tell(struct hidden *hidden, const struct suspect *suspect,
		const struct entity *entity, const struct aggregate *agg,
		struct verdicts *verdicts)
{
	struct verdict *verdict = verdicts_add(verdicts);

	if (!verdict)
		return -ENOMEM;
	if (told_add(&hidden->told, entity, told_missing(suspect, agg)))
		return -ENOMEM;
	verdict->detector = detector_hidden_process.name;
	verdict->class = classify(suspect, entity, agg);
	verdict->tsc = agg->now;
	verdict->since_tsc = suspect->first_tsc;
	verdict->process = entity->process;
	verdict->seen = entity->seen;
	verdict->missing = told_missing(suspect, agg);
	if (entity->process.known & FACT_PID)
		snprintf(verdict->what, sizeof(verdict->what),
			 "process %u (%s) is hidden", entity->process.pid,
			 entity->process.known & FACT_COMM ?
			 entity->process.comm : "?");
	else
		snprintf(verdict->what, sizeof(verdict->what),
			 "a process runs that no list has, page tables 0x%"
			 PRIx64, entity->process.root);
	give_evidence(verdict, suspect, agg);
	if (!(entity->process.known & FACT_PID))
		recall(verdict, &hidden->known, agg);
	return 0;
}

/* Nothing but page tables of a process that has ended. */
static bool is_gone(const struct fact_process *process)
{
	return !(process->known & FACT_PID) && process->known & FACT_MAPPED &&
	       !process->mapped && process->running == FACT_OFF_CPU;
}

static void want(struct hidden *hidden, enum wanted wanted)
{
	if (wanted > hidden->wanted)
		hidden->wanted = wanted;
}

/* Views that say nothing of what they do not have: not asked, or not read to the end. */
static uint32_t silent_views(const struct aggregate *agg)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < agg->runner->nr; i++)
		if (!agg->reports[i].asked || !agg->reports[i].whole)
			mask |= 1u << i;
	return mask;
}

/*
 * Is it missing in more lists than it was?  Views are asked one after the other, so the
 * first of them may have had it still when the next one had not; and what was told of
 * may go on to hide.  Either way, that is another suspicion.
 */
static bool has_grown(const struct hidden *hidden, const struct suspect *suspect,
		      const struct entity *entity, const struct aggregate *agg)
{
	uint32_t out_of_band = aggregate_pattern(agg, VIEW_OUT_OF_BAND);

	return entity->missing & ~suspect->missing & out_of_band &&
	       (suspect->runs <= 1 ||
		told_is(&hidden->told, entity, suspect->missing));
}

/*
 * What it is missing in beyond what began the suspicion: a list that was never read to
 * its end while the guest ran may be in a pause, which is what an alert has to go by.
 */
static void compare_pauses(struct suspect *suspect, const struct entity *entity,
			   const struct aggregate *agg)
{
	suspect->paused_missing &= ~entity->seen;
	if (agg->paused && !suspect->absent_tsc)
		suspect->paused_missing = entity->missing;
	else if (agg->paused)
		suspect->paused_missing &= entity->missing;
}

/* Other views than before miss it, and of those before none is silent: they have it. */
static bool is_another_story(const struct suspect *suspect,
			     const struct entity *entity,
			     const struct aggregate *agg)
{
	return !(suspect->missing & entity->missing) &&
	       !(suspect->missing & silent_views(agg) & ~entity->seen);
}

/*
 * Other views than before miss it, while those before say nothing: lists that are torn
 * in turn.  What was seen without it stays so, but for what only an agent says next.
 */
static void go_on_with(struct suspect *suspect, const struct entity *entity,
		       const struct aggregate *agg)
{
	if (!(entity->missing & aggregate_pattern(agg, VIEW_OUT_OF_BAND))) {
		suspects_restart(suspect, entity, entity->missing, agg->now);
		return;
	}
	suspect->missing = entity->missing;
	suspect->gap = true;
}

/* A process that a view misses. */
static int look_at(struct hidden *hidden, const struct entity *entity,
		   const struct aggregate *agg, struct verdicts *verdicts)
{
	uint32_t out_of_band = aggregate_pattern(agg, VIEW_OUT_OF_BAND);
	struct suspect *suspect;

	suspect = is_gone(&entity->process) ? NULL :
		  suspects_get(&hidden->suspects, entity, agg->now);
	if (!suspect && !is_gone(&entity->process))
		return -ENOMEM;
	if (!suspect || is_another_story(suspect, entity, agg)) {
		suspects_clear(&hidden->suspects, entity, 0, agg->now);
		return 0;
	}
	if (!(suspect->missing & entity->missing))
		go_on_with(suspect, entity, agg);
	if (has_grown(hidden, suspect, entity, agg))
		suspects_restart(suspect, entity, entity->missing &
				 (suspect->missing | out_of_band), agg->now);
	suspect->missing &= entity->missing;
	compare_pauses(suspect, entity, agg);
	if (told_is(&hidden->told, entity, suspect->missing)) {
		suspect->seen_tsc = agg->now;
		return 0;
	}
	if (all_advanced(suspect, agg, deciding(suspect, agg)) &&
	    (!suspect->runs || lived(suspect, entity, agg)))
		count(suspect, agg);
	if (is_sure(suspect, entity, agg))
		return tell(hidden, suspect, entity, agg, verdicts);
	if (!(suspect->missing & out_of_band))
		return 0;
	if (agg->paused)
		suspect->absent_tsc = agg->now;
	/* Two of the kernel's own structures differ for no longer than a moment. */
	if (suspect->runs >= RUNS_SUSPECT)
		want(hidden, entity->process.known & FACT_PID &&
		     entity->seen & out_of_band ? WANT_NOW : WANT_SOME_TIME);
	return 0;
}

/* Something that proves nothing yet. */
static struct verdict *add_unknown(struct verdicts *verdicts,
				   const struct aggregate *agg)
{
	struct verdict *verdict = verdicts_add(verdicts);

	if (!verdict)
		return NULL;
	verdict->detector = detector_hidden_process.name;
	verdict->class = VERDICT_UNKNOWN;
	verdict->tsc = agg->now;
	verdict->since_tsc = agg->now;
	return verdict;
}

static int tell_broken(const struct aggregate *agg, unsigned int source,
		       struct verdicts *verdicts)
{
	struct verdict *verdict = add_unknown(verdicts, agg);

	if (!verdict)
		return -ENOMEM;
	verdict->missing = 1u << source;
	snprintf(verdict->what, sizeof(verdict->what),
		 "%s cannot be read to its end", agg->runner->view[source]->name);
	verdict_say(verdict, "%s, also in %u pauses of the VM: no process can be"
		    " said to be missing in it\n", agg->reports[source].why,
		    BROKEN_PAUSES);
	return 0;
}

/* A list that is never whole hides whatever it does not lead to. */
static int look_at_lists(struct hidden *hidden, const struct aggregate *agg,
			 struct verdicts *verdicts)
{
	const struct view_report *report;
	unsigned int i;

	for (i = 0; i < agg->runner->nr; i++) {
		report = &agg->reports[i];
		if (agg->runner->view[i]->pattern != VIEW_OUT_OF_BAND ||
		    !agg->runner->view[i]->lists || !report->asked ||
		    report->rounds == hidden->rounds[i])
			continue;
		hidden->rounds[i] = report->rounds;
		if (report->whole) {
			hidden->broken[i] = 0;
			hidden->broken_pauses[i] = 0;
			continue;
		}
		hidden->broken[i]++;
		if (agg->paused && ++hidden->broken_pauses[i] == BROKEN_PAUSES &&
		    tell_broken(agg, i, verdicts))
			return -ENOMEM;
		if (hidden->broken[i] >= BROKEN_RUNS &&
		    hidden->broken_pauses[i] < BROKEN_PAUSES)
			want(hidden, WANT_SOME_TIME);
	}
	return 0;
}

/* An agent names it, and nothing else has it. */
static bool is_claim(const struct entity *entity, const struct aggregate *agg)
{
	return entity->missing &&
	       !(entity->seen & ~aggregate_pattern(agg, VIEW_IN_BAND));
}

static int tell_claims(const struct aggregate *agg, size_t claims,
		       struct verdicts *verdicts)
{
	uint32_t in_band = aggregate_pattern(agg, VIEW_IN_BAND);
	struct verdict *verdict = add_unknown(verdicts, agg);
	char names[200];

	if (!verdict)
		return -ENOMEM;
	verdict->seen = in_band;
	name_views(names, sizeof(names), agg, in_band);
	snprintf(verdict->what, sizeof(verdict->what),
		 "%zu processes are named by nothing but the guest's agent",
		 claims);
	verdict_say(verdict, "seen by %s: while they are more than %u, none of"
		    " them is looked at\n", names, CLAIMS_MAX);
	return 0;
}

/* Are there so many of them that they are not looked at?  It is told once. */
static int look_at_claims(struct hidden *hidden, const struct aggregate *agg,
			  struct verdicts *verdicts, bool *many)
{
	uint64_t last = hidden->claims_tsc;
	size_t i, claims = 0;

	for (i = 0; i < agg->nr; i++)
		claims += is_claim(&agg->list[i], agg);
	*many = claims > CLAIMS_MAX;
	if (!*many)
		return 0;
	hidden->claims_tsc = agg->now;
	if (last && agg->now - last < ms(agg, EXPIRE_MS))
		return 0;
	return tell_claims(agg, claims, verdicts);
}

/* The guest is not to be stopped all the time for what leads to nothing. */
static bool may_pause(struct hidden *hidden)
{
	if (hidden->wanted == WANT_NOW)
		return true;
	if (hidden->wait) {
		hidden->wait--;
		return false;
	}
	if (hidden->backoff < PAUSE_BACKOFF)
		hidden->backoff++;
	hidden->wait = hidden->backoff / 4;
	return true;
}

static int look(struct hidden *hidden, const struct aggregate *agg,
		struct verdicts *verdicts)
{
	int err = look_at_lists(hidden, agg, verdicts);
	uint32_t silent = silent_views(agg);
	bool many_claims;
	size_t i;

	if (!err)
		err = look_at_claims(hidden, agg, verdicts, &many_claims);
	for (i = 0; i < agg->nr && !err; i++) {
		if (many_claims && is_claim(&agg->list[i], agg))
			continue;
		if (agg->list[i].missing)
			err = look_at(hidden, &agg->list[i], agg, verdicts);
		else if (agg->list[i].seen)
			suspects_clear(&hidden->suspects, &agg->list[i],
				       silent, agg->now);
	}
	return err;
}

static int hidden_run(void *state, const struct aggregate *agg,
		      struct verdicts *verdicts, bool *confirm)
{
	struct hidden *hidden = state;
	uint64_t age = ms(agg, EXPIRE_MS);
	size_t before = verdicts->nr;
	int err;

	hidden->wanted = WANT_NOTHING;
	told_learn(&hidden->told, agg);
	err = known_learn(&hidden->known, agg);
	if (!err)
		err = look(hidden, agg, verdicts);
	if (err)
		return err;
	if (agg->now > age)
		suspects_expire(&hidden->suspects, agg->now - age);
	if (verdicts->nr > before)
		hidden->backoff = 0;
	else if (!hidden->wanted && hidden->backoff)
		hidden->backoff--;
	if (hidden->wanted && !agg->paused && may_pause(hidden))
		*confirm = true;
	return 0;
}

static void hidden_stop(void *state)
{
	struct hidden *hidden = state;

	suspects_free(&hidden->suspects);
	known_free(&hidden->known);
	told_free(&hidden->told);
}

const struct detector detector_hidden_process = {
	.name = "hidden-process",
	.state_bytes = sizeof(struct hidden),
	.run = hidden_run,
	.stop = hidden_stop,
};
