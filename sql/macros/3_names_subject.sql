-- Whether a term (subject=WORDS) names a subject: the words stand in it one behind the other, capitals
-- or not
create or replace macro names_subject(term, subject) as
    case term_form(term)
        when 'subject' then contains(lower(subject), lower(substr(term, 9)))
        else false
    end;
