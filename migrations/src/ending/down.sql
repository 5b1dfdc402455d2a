drop index audit_entry_by_staff;

drop index link_proxies_by_patient;

drop index link_proxies_by_account;

update link set status = 'revoked', ended_reason = 'staff_error' where ended_reason = 'merged';

drop table displaced_link;

drop table record_replacement;

drop table organization_policy;

drop table link_history;

drop index claim_candidate_first;

drop index claim_confirming;

update invitation set ended_reason = 'not_needed' where ended_reason = 'access_ended';

update claim set ended_reason = 'not_the_same_person' where ended_reason = 'access_ended';

drop table ending_item;

drop table ending
