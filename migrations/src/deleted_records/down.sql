alter table patient drop column deleted
