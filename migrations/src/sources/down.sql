drop table patient_source;
