drop table step_up;
drop table authenticator_staff;
drop table recovery_code;
drop table authenticator;
